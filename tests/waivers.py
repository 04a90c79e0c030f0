"""policies/waivers.yaml with one waiver, right unless a test says otherwise."""

from __future__ import annotations

GOOD = {
    "rule": "CKV_AWS_149",
    "environment": "dev",
    "resource": '"*"',
    "reason": "a key of our own comes with the next account",
    "owner": "platform",
    "approver": "security",
    "ticket": "SEC-142",
    "created": "2026-11-01",
    "expires": "2027-03-01",
}


def text(*, leave_out: str = "", **changes: str) -> str:
    lines = [f"{key}: {value}" for key, value in {**GOOD, **changes}.items() if key != leave_out]
    return "waivers:\n  - " + "\n    ".join(lines) + "\n"
