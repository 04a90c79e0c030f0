"""A file that says what other policies block and lift, and the comment that is made of it."""

from __future__ import annotations

import json
from datetime import date

import msgspec

from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.rejudged import Since
from esmcfn.domain.review import Expected
from esmcfn.domain.waiver import Waiver, Writers
from esmcfn.inputs.planned import rejudged
from esmcfn.policy.shifting import entries, shifts
from esmcfn.render.comment import COMMENT, Where, comment


def since(**changes):
    known = {
        "base": "HEAD^1",
        "commit": "c" * 40,
        "blocked_before": True,
        "shifts": shifts([finding()], [finding(waiver=WAIVER)]),
        "waivers": tuple(entries([], [WAIVER], wrote)),
    }
    return Since(**{**known, **changes})


def judged(tmp_path, *documents):
    path = tmp_path / "policies.json"
    path.write_text(json.dumps({"schema": "esmcfn.checks/v1", "environments": list(documents)}))
    return rejudged(path)


def document(environment, found):
    return {"schema": "esmcfn.check/v1", "environment": environment, "since": msgspec.to_builtins(found)}


def said(policies, limit=COMMENT):
    return comment((), Expected(policies=policies), Where(limit=limit))


WAIVER = Waiver(
    rule="ESM016",
    environment="dev",
    resource="esm-dev",
    reason="until the tag is there",
    owner="platform@example.com",
    approver="security@example.com",
    ticket="SEC-1",
    created=date(2026, 11, 1),
    expires=date(2027, 3, 1),
    origin=Origin("policies/waivers.yaml", 2),
)


def finding(**changes):
    known = {
        "rule": "ESM016",
        "engine": Engine.HOUSE,
        "severity": Severity.ERROR,
        "level": Level.SOFT,
        "message": "the tag is missing",
        "origin": Origin("environments/dev.yaml", 8),
        "fingerprint": "a",
    }
    return Finding(**{**known, **changes})


def wrote(waiver):
    return Writers(names=frozenset({"bob", "bob@example.com"}))
