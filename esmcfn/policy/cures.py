"""What mends another engine's rule where a key of ours does: it speaks of CloudFormation, and knows none of them."""

from __future__ import annotations

from collections.abc import Mapping

from esmcfn.domain.finding import Level

_CURES: Mapping[tuple[str, str], str] = {
    ("CKV_AWS_26", ""): "write alarm_topic, whose topic is encrypted with a key of its own",
    ("CKV_AWS_66", ""): "write log_retention_days",
    ("CKV_AWS_98", ""): "write kms_key_arn, where the instance type can have a key (docs/hosting.md)",
    ("CKV_AWS_149", ""): "write enable_shared_service_account: false, and let callers assume a role",
    ("CKV_AWS_158", ""): "write log_kms_key_arn, of a key that lets logs.REGION.amazonaws.com use it",
    ("E3006", "AWS::Budgets::Budget"): (
        "leave notify out of the budget: CloudFormation has no budgets in this region; esmcfn judges costs without"
    ),
}
"""Rule, and type of resource where it matters, to what to write in an environment's file."""

_OTHERWISE: Mapping[Level, str] = {
    Level.ADVISORY: "change what the line says where it matters",
    Level.SOFT: "change what the line says, or have a waiver approved in policies/waivers.yaml",
    Level.HARD: "change what the line says",
}


def cure(rule: str, kind: str = "") -> str:
    """The key that mends it; empty where none does, or none is known."""
    return _CURES.get((rule, kind)) or _CURES.get((rule, ""), "")


def advice(rule: str, kind: str, level: Level) -> str:
    """What to do about a finding of a rule that only its engine knows more about."""
    ours = cure(rule, kind)
    if not ours:
        return _OTHERWISE[level]
    return f"{ours}; or have a waiver approved in policies/waivers.yaml" if level is Level.SOFT else ours
