"""The fields of how an endpoint is run, watched, encrypted and paid for; `schema` says where they stand."""

from __future__ import annotations

from esmcfn.domain.hosting import COOLDOWN_SECONDS, LATENCY_MS, LOG_RETENTION_DAYS
from esmcfn.inputs.field import Field, Kind

DOLLARS = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
EMAIL = r"[!-?A-~]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"
"""ASCII alone: AWS's mails go to no other address.

https://docs.aws.amazon.com/ses/latest/DeveloperGuide/send-email-concepts-email-format.html
"""


_CRON = r"[0-9A-Za-z*,/?LW#-]+"
_MOMENT = rf"(?:{_CRON} +){{2}}(?:\? +{_CRON} +{_CRON}|{_CRON} +{_CRON} +\?) +{_CRON}"
"""Six fields, and a question mark in place of one of the two days.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""


def _capacity(about: str) -> Field:
    return Field(
        kind=Kind.WHOLE,
        must="a whole number, 1 or more (parked: true is what stops an endpoint)",
        about=about,
        required=True,
        least=1,
        most=1_000_000,
    )


def _cooldown(about: str) -> Field:
    return Field(
        kind=Kind.WHOLE,
        must="seconds, 0 to 3600",
        about=about,
        least=0,
        most=3600,
        default=COOLDOWN_SECONDS,
    )


def autoscaling(instead: str) -> Field:
    return Field(
        kind=(Kind.MAPPING, Kind.TRUTH),
        must="a mapping with min_capacity, max_capacity and target_value, or false for none",
        never=True,
        about=(
            "Bounds between which Application Auto Scaling moves the instances; instance_count is what a new endpoint "
            f"starts with. {instead}"
        ),
        fields={
            "min_capacity": _capacity("Instances at least."),
            "max_capacity": _capacity("Instances at most: what a busy hour costs, and what the quota must hold."),
            "target_value": Field(
                kind=(Kind.WHOLE, Kind.DECIMAL),
                must="a number above 0",
                about="What autoscaling keeps the metric at, for each instance.",
                required=True,
                least=0,
                most=1_000_000_000,
            ),
            "metric": Field(
                must="invocations or concurrent_requests",
                about=(
                    "invocations: requests a minute, averaged. concurrent_requests: requests under way at a time, "
                    "looked at every 10 seconds."
                ),
                pattern="invocations|concurrent_requests",
                words=("invocations", "concurrent_requests"),
                default="invocations",
            ),
            "scale_in_cooldown": _cooldown("Seconds after a step before the next one removes instances."),
            "scale_out_cooldown": _cooldown("Seconds after a step before the next one adds instances."),
            "schedule": Field(
                kind=Kind.LIST,
                must="a list of moments with other bounds",
                about="Moments from which on other bounds hold, until the next one.",
                each=_SCHEDULED,
            ),
        },
    )


def _threshold(must: str, about: str, *, most: int, default: int | None = None) -> Field:
    return Field(
        kind=(Kind.WHOLE, Kind.TRUTH),
        must=f"{must}, or false for none",
        about=about,
        never=True,
        least=1,
        most=most,
        default=default,
    )


def alarms(instead: str) -> Field:
    return Field(
        kind=(Kind.MAPPING, Kind.TRUTH),
        must="true, false, or a mapping of thresholds",
        about=(
            "Alarms about the endpoint, for the environment's alarm_topic or alarm_topic_arn. true is the thresholds "
            f"that are given here as defaults. {instead}"
        ),
        fields={
            "invocation_5xx_errors": _threshold(
                "a number of errors, 1 or more",
                "So many answers of 5xx within 5 minutes are an alarm.",
                most=1_000_000_000,
                default=1,
            ),
            "model_latency_p99_ms": _threshold(
                "milliseconds, 1 to 60000",
                "So many milliseconds for the slowest hundredth of the requests, twice 5 minutes long, are an alarm.",
                most=60_000,
                default=LATENCY_MS,
            ),
            "disk_percent": _threshold(
                "a percentage, 1 to 100",
                "So much of an instance's disk in use for 5 minutes is an alarm. Without it there is none.",
                most=100,
            ),
        },
    )


KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}"


def kms_key(about: str) -> Field:
    return Field(
        kind=(Kind.TEXT, Kind.TRUTH),
        must="a KMS key's ARN, arn:aws:kms:...:key/..., or false for none",
        about=about,
        pattern=KEY_ARN,
        never=True,
    )


def retention(about: str) -> Field:
    return Field(
        kind=(Kind.WHOLE, Kind.TRUTH),
        must=f"one of {', '.join(map(str, LOG_RETENTION_DAYS))}, or false for none",
        about=about,
        among=LOG_RETENTION_DAYS,
        never=True,
    )


ALARM_TOPIC = Field(
    kind=Kind.MAPPING,
    must="a mapping with emails",
    about="A topic that alarms go to, encrypted with a key of its own. Who is named has to confirm AWS's mail.",
    excludes="alarm_topic_arn",
    fields={
        "emails": Field(
            kind=Kind.LIST,
            must="a list of e-mail addresses",
            about="Who is told.",
            required=True,
            each=Field(must="an e-mail address in plain letters such as lab@example.com", pattern=EMAIL, longest=254),
        )
    },
)

_SCHEDULED = Field(
    kind=Kind.MAPPING,
    must="a mapping with cron, min_capacity and max_capacity",
    fields={
        "name": Field(
            must="letters, digits, hyphens and underscores",
            about="What it is called; schedule-1 and so on where nothing is said.",
            pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*",
            longest=256,
        ),
        "cron": Field(
            must=(
                "six fields, minutes hours day month weekday year, with ? in place of one of the days: "
                "0 19 ? * MON-FRI *"
            ),
            about="When: minutes, hours, day of the month, month, weekday, year; one of the two days is a ?.",
            required=True,
            pattern=_MOMENT,
            longest=256,
        ),
        "timezone": Field(
            must="a time zone such as Europe/Berlin",
            about="The time zone of cron, by its name in the IANA's list.",
            longest=64,
            default="UTC",
        ),
        "min_capacity": _capacity("Instances at least, from then on."),
        "max_capacity": _capacity("Instances at most, from then on."),
    },
)


_PERCENTS = Field(
    kind=Kind.WHOLE,
    must="a whole number of percent, 1 to 1000",
    about="Percent of the budget.",
    least=1,
    most=1000,
)

BUDGET = Field(
    kind=(Kind.MAPPING, Kind.DECIMAL, Kind.WHOLE, Kind.TEXT),
    must="US dollars a month such as 2000",
    about="What the environment may cost: US dollars a month, or a mapping with usd_per_month.",
    pattern=DOLLARS,
    least=0,
    most=999_999_999,
    fields={
        "usd_per_month": Field(
            kind=(Kind.DECIMAL, Kind.WHOLE, Kind.TEXT),
            must="US dollars a month such as 2000",
            about="US dollars a month.",
            required=True,
            pattern=DOLLARS,
            least=0,
            most=999_999_999,
        ),
        "level": Field(
            must="soft or hard",
            about="soft: more than that is said, and stops nothing. hard: it blocks deploying, exit code 13.",
            pattern="soft|hard",
            words=("soft", "hard"),
            default="hard",
        ),
        "notify": Field(
            kind=Kind.LIST,
            must="a list of e-mail addresses",
            about="Deploys an AWS Budget over the bill of what carries the environment's tag; who AWS writes to.",
            each=Field(must="an e-mail address in plain letters such as lab@example.com", pattern=EMAIL, longest=254),
        ),
        "notify_at": Field(
            kind=Kind.MAPPING,
            must="a mapping with actual and forecast",
            about="When AWS writes, in percent of usd_per_month.",
            fields={
                "actual": Field(
                    kind=Kind.LIST,
                    must="a list of percent",
                    about="When so much was spent in the month: 80 and 100 where nothing is said, [] for never.",
                    each=_PERCENTS,
                ),
                "forecast": Field(
                    kind=Kind.LIST,
                    must="a list of percent",
                    about="When AWS expects so much for the whole month: 100 where nothing is said, [] for never.",
                    each=_PERCENTS,
                ),
            },
        ),
    },
)
