"""The fields of policies/*.yaml: levels, limits and lists, and, in policies/waivers.yaml, waivers."""

from __future__ import annotations

from collections.abc import Mapping

from esmcfn.domain.finding import Level
from esmcfn.domain.waiver import BUDGET_RULE, DRIFT_RULE, LONGEST_DAYS
from esmcfn.inputs.field import Field, Kind

_RULE = r"ESM[0-9]{3}|[EWI][0-9]{4}|CKV2?_[A-Z0-9]+(?:_[A-Z0-9]+)+"
"""A house rule, one of cfn-lint's, one of checkov's or of the root's own checks."""

_SOMETHING = r"[\s\S]*\S[\s\S]*"
_ENVIRONMENTS = r"[A-Za-z0-9*?\[\]!-]+"


def _day(about: str) -> Field:
    return Field(
        kind=(Kind.DATE, Kind.TEXT),
        must="a day such as 2027-01-31",
        about=about,
        required=True,
        pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    )


def _words(about: str, must: str = "text") -> Field:
    return Field(must=must, about=about, required=True, pattern=_SOMETHING, longest=1000)


def _list(about: str, must: str, pattern: str, *words: str) -> Field:
    each = Field(must=must, pattern=pattern, longest=128, words=words)
    return Field(kind=Kind.LIST, must="a list", about=about, each=each)


_SECTIONS: Mapping[str, Field] = {
    "levels": Field(
        kind=Kind.MAPPING,
        must="a mapping of rules to levels",
        about="What a finding may do to a plan, by the rule's id; checks of your own are called CKV2_...",
        keys=Field(must="a rule's id such as ESM001, E3012 or CKV_AWS_149", pattern=_RULE, longest=100),
        each=Field(must="advisory, soft or hard", pattern="advisory|soft|hard", words=tuple(map(str, Level))),
    ),
    "limits": Field(
        kind=Kind.MAPPING,
        must="a mapping of limits to numbers",
        about="Numbers that rules judge by.",
        keys=Field(must="the name of a limit", pattern=r"[a-z][a-z0-9_]*", longest=100),
        each=Field(kind=Kind.WHOLE, must="a whole number, 0 or more", least=0, most=1_000_000_000),
    ),
    "quotas": Field(
        kind=Kind.MAPPING,
        must="a mapping of instance types to numbers",
        about='The account\'s quota "... for endpoint usage" by instance type; a blue/green update must fit into it.',
        keys=Field(must="an instance type such as ml.g5.2xlarge", pattern=r"ml\.[a-z0-9-]+\.[a-z0-9-]+", prefix="ml."),
        each=Field(kind=Kind.WHOLE, must="a whole number, 0 or more", least=0, most=1_000_000),
    ),
    "allowed_instance_types": _list(
        "Instance types that may be selected, as globs (ml.g5.*), one or more; without it, every type.",
        "an instance type or a glob such as ml.g5.*",
        r"ml\.[a-z0-9.*?\[\]!-]+",
    ),
    "allowed_registries": _list(
        "Accounts whose ECR images may run, by their 12 digits, one or more; "
        '"own" is the environment\'s. Without it, every one.',
        'an account\'s 12 digits in quotes, or "own"',
        r"own|[0-9]{12}",
        "own",
    ),
    "required_tags": _list(
        "Keys that an environment's tags must have.", "a tag's key, 1 to 128 characters", r"[\s\S]+"
    ),
}

POLICY = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    about="Levels, limits and lists that rules judge by; they override the package's own by name.",
    also={"waivers": "policies/waivers.yaml"},
    fields={
        **_SECTIONS,
        "production": _list(
            "Environments that people depend on, as globs (prod, prod-*): rules about production hold there.",
            "an environment's name or a glob such as prod-*",
            _ENVIRONMENTS,
        ),
        "environments": Field(
            kind=Kind.MAPPING,
            must="a mapping of environments to what holds there",
            about="What holds in one environment alone; it overrides what stands above.",
            keys=Field(must="an environment's name", pattern=r"[A-Za-z0-9](?:-*[A-Za-z0-9])*", longest=63),
            each=Field(kind=Kind.MAPPING, must="a mapping of levels, limits and lists", fields=_SECTIONS),
        ),
    },
)

WAIVER = Field(
    kind=Kind.MAPPING,
    must="a mapping with rule, environment, resource, reason, owner, approver, ticket, created and expires",
    also={"until": "expires", "expiry": "expires", "approved_by": "approver", "justification": "reason"},
    fields={
        "rule": Field(
            must="a rule's id such as ESM001, E3012 or CKV_AWS_149, or DRIFT, or BUDGET",
            about="The rule that is not kept; DRIFT accepts what `esmcfn drift` finds on the resource.",
            required=True,
            pattern=f"{_RULE}|{DRIFT_RULE}|{BUDGET_RULE}",
            longest=100,
        ),
        "environment": Field(
            must="an environment's name or a glob such as prod-*",
            about="Where; a name, or a glob.",
            required=True,
            pattern=_ENVIRONMENTS,
            longest=100,
        ),
        "resource": _words(
            "For what: a glob over a stack's name, a selected model's key or a resource's logical id, "
            "or one of the first two and the last with a slash between them (prototype_model/Model). "
            "Exactly a selected model's key means that model alone.",
            "a glob such as prototype_model/*",
        ),
        "reason": _words("Why the rule does not hold here, for whoever reads a report."),
        "owner": _words("Who mends it, or asks again."),
        "approver": _words("Who allowed it: one name, address or handle; never whoever wrote the waiver."),
        "ticket": _words("Where it was discussed; findings name it."),
        "created": _day("The first day on which it holds."),
        "expires": _day(f"The last day on which it holds, at most {LONGEST_DAYS} days after `created`."),
    },
)

WAIVERS = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    about="Signed exceptions to soft rules. What they cover stays in every report, marked and counted.",
    also={"levels": "policies/levels.yaml", "limits": "policies/levels.yaml"},
    fields={
        "waivers": Field(
            kind=Kind.LIST,
            must="a list of waivers ([] for none)",
            about="One entry a waiver.",
            required=True,
            each=WAIVER,
        )
    },
)
