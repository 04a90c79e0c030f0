"""The fields of catalogs/*.yaml and environments/*.yaml; those of policies/*.yaml stand in `rulebook`.

What depends on more than one field or file (selectors, composed names, regions) is for the selection.
"""

from __future__ import annotations

from esmcfn.domain.hosting import COOLDOWN_SECONDS, LATENCY_MS, LOG_RETENTION_DAYS
from esmcfn.inputs.field import Field, Kind

_ROLE_ARN = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+"
_POLICY_ARN = r"arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/[A-Za-z0-9+=,.@_/-]+"
_PACKAGE_ARN = (
    r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:model-package/"
    r"[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}(?:/[0-9]{1,9})?"
)
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html"""

_REPOSITORY = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = (
    r"[0-9]{12}\.dkr\.ecr(?:-fips)?\.[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?/"
    rf"(?:{_REPOSITORY}/)*{_REPOSITORY}"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})?"
)
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html, for images in ECR"""

_EMAIL = r"[!-?A-~]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"
"""ASCII alone: AWS's mails go to no other address.

https://docs.aws.amazon.com/ses/latest/DeveloperGuide/send-email-concepts-email-format.html
"""

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_SAGEMAKER_NAME = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_KEY = r"[A-Za-z0-9](?:[-_]*[A-Za-z0-9])*"
_DOLLARS = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"


def _instance_type(about: str, *, required: bool = False) -> Field:
    return Field(
        must="an instance type of SageMaker hosting such as ml.g5.2xlarge",
        about=about,
        required=required,
        pattern=r"ml\.[a-z0-9-]+\.[a-z0-9-]+",
        prefix="ml.",
    )


def _instance_count(about: str, *, required: bool = False) -> Field:
    return Field(
        kind=Kind.WHOLE,
        must="a whole number, 1 or more",
        about=about,
        required=required,
        least=1,
        most=1_000_000,
    )


def _sagemaker_name(about: str) -> Field:
    return Field(
        must="letters and digits, with hyphens between them",
        about=about,
        required=True,
        pattern=_SAGEMAKER_NAME,
        longest=63,
    )


CONTAINER = Field(
    kind=Kind.MAPPING,
    must="a mapping with an image",
    about="A container of your own, in place of a Marketplace package.",
    fields={
        "image": Field(
            must="an image in ECR such as 123456789012.dkr.ecr.us-east-2.amazonaws.com/esm@sha256:...",
            about="The image in ECR, best by digest; at most 255 characters.",
            required=True,
            pattern=_IMAGE,
            longest=255,
        ),
        "model_data": Field(
            must="the address of a .tar.gz, s3://bucket/key",
            about="The model's files: s3:// address of one .tar.gz.",
            pattern=r"s3://[a-z0-9][a-z0-9.-]*/[!-~]+",
            longest=1024,
        ),
        "environment": Field(
            kind=Kind.MAPPING,
            must="a mapping of names to texts",
            about="Environment variables of the container. Anybody with read access sees them: no secrets.",
            keys=Field(must="a variable's name", pattern=r"[A-Za-z_][A-Za-z0-9_]*", longest=1024),
            each=Field(must="text", longest=1024),
        ),
    },
)

MODEL_PACKAGE = Field(
    kind=(Kind.TEXT, Kind.MAPPING),
    must="a model package's ARN, or a mapping of regions to ARNs",
    about=(
        "ARN of the model package, as the subscription shows it, or a mapping of regions to ARNs. "
        "An ARN that ends in -EXAMPLE holds the place of one that is not known yet."
    ),
    pattern=rf"{_PACKAGE_ARN}|\S*-EXAMPLE",
    keys=Field(must="a region such as us-east-2", pattern=_REGION),
    each=Field(must="a model package's ARN", pattern=rf"{_PACKAGE_ARN}|\S*-EXAMPLE"),
)

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


def _autoscaling(instead: str) -> Field:
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


def _alarms(instead: str) -> Field:
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


_KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}"


def _kms_key(about: str) -> Field:
    return Field(
        kind=(Kind.TEXT, Kind.TRUTH),
        must="a KMS key's ARN, arn:aws:kms:...:key/..., or false for none",
        about=about,
        pattern=_KEY_ARN,
        never=True,
    )


def _retention(about: str) -> Field:
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
            each=Field(must="an e-mail address in plain letters such as lab@example.com", pattern=_EMAIL, longest=254),
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


ENTRY = Field(
    kind=Kind.MAPPING,
    must="a mapping that describes one model",
    one_of=("model_package", "container"),
    fields={
        "sagemaker_model_name": _sagemaker_name("Beginning of the SageMaker Model's name; a hash follows."),
        "forge_model_name": Field(
            must="the name that the esm SDK knows the model by",
            about="What the esm SDK is given as `model`.",
            required=True,
            pattern=r"[!-~]+",
            longest=256,
        ),
        "endpoint_name": _sagemaker_name("Beginning of the endpoint's name; a hash follows."),
        "model_package": MODEL_PACKAGE,
        "container": CONTAINER,
        "instance_type": _instance_type("Instance type where the environment names no other.", required=True),
        "instance_count": _instance_count(
            "Instances behind the endpoint where the environment says nothing.", required=True
        ),
        "autoscaling": _autoscaling("An environment that says autoscaling replaces all of it."),
        "alarms": _alarms("An environment that says alarms replaces all of it."),
        "supported_instance_types": Field(
            kind=Kind.LIST,
            must="a list of instance types",
            about="What may be selected here. Without it: what SageMaker is known to host on.",
            each=_instance_type(""),
        ),
        "software_usd_per_hour": Field(
            kind=(Kind.DECIMAL, Kind.WHOLE, Kind.TEXT),
            must="US dollars per instance and hour such as 1.10",
            about="The seller's own charge, US dollars per instance and hour. Unknown is not zero.",
            pattern=_DOLLARS,
            least=0,
            most=999_999_999,
        ),
        "marketplace_product_id": Field(
            must="AWS Marketplace's id, prod-...",
            about="AWS Marketplace's own id of the listing.",
            pattern=r"prod-[a-z0-9]+",
        ),
        "description": Field(must="text", about="One sentence for the reader.", longest=1000),
    },
)

CATALOG = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    about="What may be deployed.",
    fields={
        "models": Field(
            kind=Kind.MAPPING,
            must="a mapping of selectors to models",
            about="The models that may be deployed, each under its selector.",
            required=True,
            keys=Field(
                must="letters, digits, dots, hyphens and underscores",
                pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*",
                longest=100,
            ),
            each=ENTRY,
        )
    },
)

SELECTED_MODEL = Field(
    kind=Kind.MAPPING,
    must="a mapping with a selector",
    fields={
        "selector": Field(
            must="a model of the catalog", about="Which model of the catalog.", required=True, longest=100
        ),
        "instance_type": _instance_type("Instance type in place of the catalog's."),
        "instance_count": _instance_count("Instances behind the endpoint in place of the catalog's."),
        "autoscaling": _autoscaling("In place of all that the catalog says; false for none."),
        "alarms": _alarms("In place of all that the catalog says; false for none."),
        "kms_key_arn": _kms_key(
            "Key that encrypts the volumes of this model's instances, in place of the environment's; false for none. "
            "Instances with disks of their own take none."
        ),
        "log_retention_days": _retention(
            "Days for which the container's log is kept, in place of the environment's; false leaves it to SageMaker."
        ),
        "parked": Field(
            kind=Kind.TRUTH,
            must="true or false",
            about="true deletes the endpoint and what it costs; model and configuration stay.",
            default=False,
        ),
        "moved_from": Field(
            must="the key that it was deployed under",
            about=(
                "After a renaming: the key that it was deployed under. Stack and endpoint keep their names, which go "
                "on being made of it; keep it for as long as the endpoint lives."
            ),
            pattern=_KEY,
            longest=100,
        ),
    },
)

EXECUTION_ROLE = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    about="How the execution role is made.",
    excludes="execution_role_arn",
    fields={
        "managed_policies": Field(
            kind=Kind.LIST,
            must="a list of managed policies",
            about="Managed policies to attach beside what models need: ARNs, or names of AWS's own.",
            each=Field(
                must="a managed policy's ARN or name",
                pattern=rf"{_POLICY_ARN}|[A-Za-z0-9+=,.@_/-]+",
            ),
        ),
        "permissions_boundary": Field(
            must="a managed policy's ARN",
            about="ARN of the managed policy that bounds the role.",
            pattern=_POLICY_ARN,
        ),
        "path": Field(
            must="an IAM path that begins and ends with a slash",
            about="IAM path of the role.",
            pattern=r"/(?:[A-Za-z0-9+=,.@_-]+/)*",
            longest=512,
            default="/",
        ),
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
    pattern=_DOLLARS,
    least=0,
    most=999_999_999,
    fields={
        "usd_per_month": Field(
            kind=(Kind.DECIMAL, Kind.WHOLE, Kind.TEXT),
            must="US dollars a month such as 2000",
            about="US dollars a month.",
            required=True,
            pattern=_DOLLARS,
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
            each=Field(must="an e-mail address in plain letters such as lab@example.com", pattern=_EMAIL, longest=254),
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

ENVIRONMENT = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    about="An account, a region, and the models that are selected there.",
    also={"models_yaml_path": "catalog", "models": "selected_models", "aws_profile": "profile"},
    fields={
        "environment": Field(
            must="letters and digits, with hyphens between them",
            about="The environment's name, the same as the file's.",
            required=True,
            pattern=_SAGEMAKER_NAME,
            longest=63,
        ),
        "account": Field(
            must='an account\'s 12 digits in quotes, or "sandbox"',
            about=(
                'The account\'s 12 digits, in quotes; or "sandbox", the embedded AWS. '
                "A deploy to any other account is refused."
            ),
            required=True,
            pattern=r"sandbox|[0-9]{12}",
            words=("sandbox",),
        ),
        "region": Field(
            must="a region such as us-east-2",
            about="The AWS region.",
            required=True,
            pattern=_REGION,
        ),
        "catalog": Field(
            must="the path of a catalog",
            about="The catalog's path, relative to this file.",
            required=True,
            longest=1024,
        ),
        "iam_role_name_prefix": Field(
            must="letters and digits, with hyphens between them, a letter first",
            about="Beginning of the names of stacks, roles and users.",
            pattern=r"[A-Za-z](?:-*[A-Za-z0-9])*",
            longest=63,
            default="esm",
        ),
        "tags": Field(
            kind=Kind.MAPPING,
            must="a mapping of keys to texts",
            about="Tags of every stack and every resource.",
            keys=Field(must="a tag's key, 1 to 128 characters", pattern=r"[\s\S]+", longest=128),
            each=Field(must="text", longest=256),
        ),
        "enable_shared_service_account": Field(
            kind=Kind.TRUTH,
            must="true or false",
            about="true makes an IAM user that may invoke the endpoints; its secret goes to Secrets Manager.",
            default=False,
        ),
        "shared_service_account_name": Field(
            must="letters, digits and +=,.@_-",
            about="Name of that user; empty for the usual one.",
            pattern=r"[A-Za-z0-9+=,.@_-]+",
            longest=64,
            default="",
        ),
        "selected_models": Field(
            kind=Kind.MAPPING,
            must="a mapping of keys of your own to models ({} for none)",
            about="The models that are deployed, each under a key of your own.",
            required=True,
            keys=Field(
                must="letters and digits, with hyphens or underscores between them",
                pattern=_KEY,
                longest=100,
            ),
            each=SELECTED_MODEL,
        ),
        "profile": Field(
            must="an AWS profile's name",
            about="AWS profile that reaches the account; --profile overrides it.",
            pattern=r"[ -~]+",
            longest=256,
        ),
        "role_arn": Field(must="a role's ARN", about="Role to assume first.", pattern=_ROLE_ARN, longest=2048),
        "execution_role_arn": Field(
            must="a role's ARN",
            about="A role of your own that SageMaker assumes, in place of the one that esmcfn would make.",
            pattern=_ROLE_ARN,
            longest=2048,
        ),
        "service_role_arn": Field(
            must="a role's ARN",
            about="Role that CloudFormation works with, so that whoever deploys needs none of its permissions.",
            pattern=_ROLE_ARN,
            longest=2048,
        ),
        "artifact_bucket": Field(
            must="a bucket's name",
            about=(
                "Bucket of this account and region for templates that are too large to be sent along (51,200 bytes); "
                "bootstrap makes one."
            ),
            pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            longest=63,
        ),
        "execution_role": EXECUTION_ROLE,
        "kms_key_arn": _kms_key(
            "Key that encrypts the volumes of instances, wherever these have no disks of their own. Its policy must "
            "let the execution role use it."
        ),
        "log_retention_days": _retention(
            "Days for which the containers' logs are kept. Without it SageMaker makes the logs and keeps them for ever."
        ),
        "log_kms_key_arn": _kms_key(
            "Key that encrypts those logs. Its policy must let logs.REGION.amazonaws.com use it."
        ),
        "alarm_topic": ALARM_TOPIC,
        "alarm_topic_arn": Field(
            must="a topic's ARN",
            about="A topic of your own that alarms go to; it must let cloudwatch.amazonaws.com publish.",
            pattern=r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}",
        ),
        "budget": BUDGET,
        "termination_protection": Field(
            kind=Kind.TRUTH,
            must="true or false",
            about="true protects the stacks from being deleted.",
        ),
    },
)
