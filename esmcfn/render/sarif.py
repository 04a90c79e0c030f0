"""Findings as SARIF 2.1.0, which GitHub's code scanning shows: a run an environment, waivers as suppressions.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from esmcfn.domain.finding import Finding, Severity
from esmcfn.domain.report import Outcome
from esmcfn.render.canonical import canonical
from esmcfn.render.escape import hostless
from esmcfn.render.judged import Judged, judged, path, sentence
from esmcfn.render.words import signed

MOST_RUNS = 20
MOST_RESULTS = 25_000
"""What GitHub takes in a file, and in a run, of which it shows 5,000; so what blocks comes first."""

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}


def render(outcomes: Sequence[Outcome]) -> str:
    """The whole log. With more environments than GitHub takes runs, all stand in one."""
    each = [judged(outcome) for outcome in outcomes]
    runs = [_run((one,), one.environment) for one in each] if len(each) <= MOST_RUNS else [_run(each, "all")]
    return canonical({"version": "2.1.0", "$schema": SCHEMA, "runs": runs})


def _run(judged: Sequence[Judged], name: str) -> dict[str, object]:
    findings = [(one, finding) for one in judged for finding in one.findings]
    findings.sort(key=lambda pair: not pair[1].blocks)  # GitHub shows the first ones; a stable sort keeps the rest
    kept = findings[:MOST_RESULTS]
    rules = {finding.rule: finding for _, finding in sorted(kept, key=lambda pair: pair[1].rule)}
    index = {rule: number for number, rule in enumerate(rules)}
    run: dict[str, object] = {
        "tool": _tool(judged[0], list(rules.values())),
        "automationDetails": {"id": f"esmcfn/{name}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, finding, index[finding.rule]) for one, finding in kept],
        "invocations": [
            {
                "executionSuccessful": not any(one.failed for one in judged),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"{one.environment}: {one.failed}"}}
                    for one in judged
                    if one.failed
                ],
            }
        ],
    }
    return run


def _tool(judged: Judged, rules: Sequence[Finding]) -> dict[str, object]:
    driver: dict[str, object] = {"name": "esmcfn", "rules": [_rule(finding) for finding in rules]}
    if judged.engines.get("house"):
        driver["version"] = judged.engines["house"]
    others = [{"name": name, "version": version} for name, version in judged.engines.items() if name != "house"]
    return {"driver": driver, "extensions": others} if others else {"driver": driver}


def _rule(finding: Finding) -> dict[str, object]:
    rule: dict[str, object] = {
        "id": finding.rule,
        "name": finding.rule,
        "shortDescription": {"text": f"{finding.engine} {finding.rule}"},
        "help": {"text": f"esmcfn explain {finding.rule}"},
        "defaultConfiguration": {"level": _level(finding)},
        "properties": {"tags": [finding.engine.value], "problem.severity": _PROBLEMS[finding.severity]},
    }
    if finding.why:
        rule["fullDescription"] = {"text": finding.why}
    if finding.source:
        rule["helpUri"] = finding.source
    return rule


def _result(judged: Judged, finding: Finding, index: int) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _level(finding),
        "message": {"text": hostless(sentence(finding))},
        "locations": [_location(judged, finding)],
        "partialFingerprints": {"primaryLocationLineHash": f"{finding.fingerprint}:1"},
        # Where one result of a run says what is suppressed, all of them do.
        "suppressions": list(_suppressions(finding)),
        "properties": {"level": finding.level.value, "environment": judged.environment},
    }
    return result


def _location(judged: Judged, finding: Finding) -> dict[str, object]:
    line, column = (finding.origin.line, finding.origin.column) if finding.origin else (1, 1)
    location: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(path(judged, finding)), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line, "startColumn": column},
        }
    }
    if finding.stack:
        named = "/".join(filter(None, (finding.stack, finding.logical_id)))
        location["logicalLocations"] = [{"fullyQualifiedName": named, "kind": "resource"}]
    return location


def _suppressions(finding: Finding) -> Iterator[dict[str, object]]:
    if finding.waiver:
        yield {
            "kind": "external",
            "status": "accepted",
            "justification": hostless(f"{finding.waiver.reason} ({signed(finding.waiver)})"),
            "location": {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.waiver.origin.path), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": finding.waiver.origin.line},
                }
            },
        }


def _level(finding: Finding) -> str:
    """By what it may block, not by the engine's own severity; a waiver suppresses it and does not change it."""
    if finding.level.blocks:
        return "error"
    return "note" if finding.severity is Severity.INFO else "warning"
