"""Findings, waivers and verdicts, as parts of documents."""

from __future__ import annotations

from collections.abc import Sequence

from esmcfn.documents.living import Document
from esmcfn.domain.finding import Finding
from esmcfn.domain.plan import Verdict
from esmcfn.domain.waiver import Waiver


def finding(finding: Finding) -> Document:
    """One judgement, with the waiver in force for it."""
    return {
        "rule": finding.rule,
        "engine": finding.engine.value,
        "severity": finding.severity.value,
        "level": finding.level.value,
        "message": finding.message,
        "file": finding.origin.path if finding.origin else None,
        "line": finding.origin.line if finding.origin else None,
        "column": finding.origin.column if finding.origin else None,
        "stack": finding.stack,
        "model": finding.model,
        "logical_id": finding.logical_id,
        "source": finding.source,
        "waived_by": finding.waived_by,
        "waiver": _waiver(finding.waiver) if finding.waiver else None,
        "why": finding.why,
        "advice": finding.advice,
        "resource_type": finding.resource_type,
        "fingerprint": finding.fingerprint,
    }


def _waiver(waiver: Waiver) -> Document:
    return {
        "ticket": waiver.ticket,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "approver": waiver.approver,
        "created": waiver.created.isoformat(),
        "expires": waiver.expires.isoformat(),
        "file": waiver.origin.path,
        "line": waiver.origin.line,
    }


def verdict(verdict: Verdict) -> Document:
    """What it is worth."""
    return {
        "blocked": verdict.blocked,
        "reasons": list(verdict.reasons),
        "budget": verdict.budget or None,
        "budget_waiver": _waiver(verdict.waiver) if verdict.waiver else None,
    }


def counts(findings: Sequence[Finding]) -> Document:
    """What the rules came to, in numbers: no report loses sight of what is waived."""
    waived = sum(finding.waiver is not None for finding in findings)
    blocking = sum(finding.blocks for finding in findings)
    return {"blocking": blocking, "advisory": len(findings) - blocking - waived, "waived": waived}
