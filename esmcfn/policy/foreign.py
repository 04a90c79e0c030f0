"""Rules that are not ours: whose they are, by their ids, and where they are explained."""

from __future__ import annotations

import re

_ENGINES = (
    (
        re.compile(r"E\d{4}"),
        "cfn-lint",
        "hard",
        "https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md",
    ),
    (
        re.compile(r"[WI]\d{4}"),
        "cfn-lint",
        "advisory",
        "https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md",
    ),
    (
        re.compile(r"CKV2?_[A-Z0-9_]+"),
        "checkov",
        "soft",
        "https://www.checkov.io/5.Policy%20Index/cloudformation.html",
    ),
)


def engine_of(rule: str) -> tuple[str, str, str] | None:
    """Engine, default level and page of a rule, None where the id is nobody's."""
    for pattern, engine, level, source in _ENGINES:
        if pattern.fullmatch(rule.upper()):
            return engine, level, source
    return None
