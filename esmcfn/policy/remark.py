"""What an engine says about a template, before levels and lines of YAML are put to it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from esmcfn.domain.finding import Severity

LEVELS_RULE = "ESMCFN-LEVELS"
"""Id of the remark, and of the finding, that policy sets the level of a rule that does not exist."""

ENVIRONMENT_RULE = "ESMCFN-ENVIRONMENT"
"""Id of the finding that policy names an environment that the root does not have."""

_FIELDS = ("rule", "severity", "logical_id", "path", "message", "source")


class Remark(Struct, frozen=True, kw_only=True):
    """One sentence of an engine.

    Attributes:
        logical_id: of the resource in the template, or empty.
        path: "LogicalId/Property/0/Property", as Template.origin reads it; may be empty.
        source: address of a page that explains the rule, or empty.
    """

    rule: str
    severity: Severity
    logical_id: str
    path: str
    message: str
    source: str


def to_plain(remarks: Iterable[Remark]) -> list[dict[str, str]]:
    """Remarks as JSON knows them."""
    return [{field: str(getattr(remark, field)) for field in _FIELDS} for remark in remarks]


def from_plain(plain: object) -> tuple[Remark, ...]:
    """Remarks out of JSON.

    Raises:
        ValueError: it is not what to_plain makes.
    """
    if not isinstance(plain, list):
        raise ValueError("not a list of remarks")
    return tuple(_remark(entry) for entry in plain)


def _remark(entry: object) -> Remark:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(field), str) for field in _FIELDS):
        raise ValueError("not a remark")
    return Remark(
        rule=entry["rule"],
        severity=Severity(entry["severity"]),
        logical_id=entry["logical_id"],
        path=entry["path"],
        message=entry["message"],
        source=entry["source"],
    )
