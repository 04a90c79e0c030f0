"""Ask cfn-lint about templates: the question as JSON on stdin, its remarks as JSON on stdout.

{region, informational, templates: [{name, text}]} -> {version, templates: {name: [remark]}}

A script, run by path. Whatever goes wrong ends it with a traceback; who asked makes a finding of that.
Nobody's .cfnlintrc counts: what blocks is the root's policy folder's to say, and the same everywhere.
"""

from __future__ import annotations

import gc

gc.disable()  # a third of the time to import cfn-lint goes into looking for garbage that is not there

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

SEVERITIES = {"error": "error", "warning": "warning", "informational": "info"}


def main() -> None:
    """Answer once, and end without tidying up: the process's memory goes with it."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is not the answer
    json.dump(judge(json.load(sys.stdin)), answer)
    answer.flush()
    os._exit(0)


def judge(question: dict[str, Any]) -> dict[str, Any]:
    """Load the rules once, and put every template to them."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.decode.decode import decode_str
    from cfnlint.runner import Runner
    from cfnlint.version import __version__

    # Nothing inside a template switches a rule off: that is what waivers are for.
    config = ConfigMixIn(
        ["--config-file", os.devnull],
        regions=[question["region"]],
        include_checks=[rule for rule in question["informational"].split(",") if rule],
        mandatory_checks=["E", "W"],
    )
    runner = Runner(config)
    gc.freeze()
    gc.enable()
    said = {}
    for template in question["templates"]:
        body, problems = decode_str(template["text"])
        matches = problems or list(runner.validate_template(body))
        said[template["name"]] = [remark(match) for match in matches]
    return {"version": __version__, "templates": said}


def remark(match: Any) -> dict[str, str]:
    """A match in our words; cfn-lint's path begins at the template's top."""
    path = [str(part) for part in getattr(match, "path", None) or []]
    logical_id = path[1] if path[:1] == ["Resources"] and len(path) > 1 else ""
    inside = path[3:] if path[2:3] == ["Properties"] else path[2:]
    return {
        "rule": match.rule.id,
        "severity": SEVERITIES[match.rule.severity],
        "logical_id": logical_id,
        "path": "/".join([logical_id, *inside] if logical_id else path),
        "message": match.message,
        "source": match.rule.source_url or "",
    }


if __name__ == "__main__":
    main()
