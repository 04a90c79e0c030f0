"""Ask cfn-lint about templates: the question as JSON on stdin, its remarks as JSON on stdout.

{region, informational, levels, templates: [{name, text}]} -> {version, templates: {name: [remark]}}
{region, explain: rule} -> {rules: {id: {name, why, source, severity} for the one asked about, {} for the others}}

A script, run by path. Whatever goes wrong ends it with a traceback; who asked makes a finding of that.
Nobody's .cfnlintrc counts: what blocks is the root's policy folder's to say, and the same everywhere.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from typing import Any

ENOUGH_FOR_A_WORKER = 12
"""Templates that are worth a process of their own: 20 ms each, against 50 ms for the process."""

CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cfnlint.yaml")

SEVERITIES = {"error": "error", "warning": "warning", "informational": "info"}


def main() -> None:
    """Answer once, and end without tidying up: the process's memory goes with it."""
    gc.disable()  # a third of the time to import cfn-lint goes into looking for garbage that is not there
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is not the answer
    question = json.load(sys.stdin)
    json.dump(explain(question["explain"]) if "explain" in question else judge(question), answer)
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
        ["--config-file", CONFIG],
        regions=[question["region"]],
        include_checks=[rule for rule in question["informational"].split(",") if rule],
        mandatory_checks=["E", "W"],
    )
    runner = Runner(config)
    known = set(runner.rules)
    gc.freeze()  # the rules are here to stay; what judging leaves behind is seldom worth a look
    gc.set_threshold(200_000)
    gc.enable()

    def remarks(text: str) -> list[dict[str, str]]:
        body, problems = decode_str(text)
        return unknown + [remark(match) for match in problems or runner.validate_template(body)]

    unknown = [unknown_level(rule) for rule in question.get("levels", "").split(",") if rule and rule not in known]
    names = [template["name"] for template in question["templates"]]
    said = side_by_side(remarks, [template["text"] for template in question["templates"]])
    return {"version": __version__, "templates": dict(zip(names, said, strict=True))}


def explain(asked: str) -> dict[str, Any]:
    """What cfn-lint itself says about a rule, beside the ids of all."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    rules = Runner(ConfigMixIn(["--config-file", CONFIG])).rules
    said: dict[str, Any] = {rule_id: {} for rule_id in rules}
    if asked in said:
        rule = rules[asked]
        said[asked] = {
            "name": rule.shortdesc,
            "why": rule.description,
            "source": rule.source_url or "",
            "severity": SEVERITIES[rule.severity],
        }
    return {"rules": said}


def side_by_side(work: Callable[[str], Any], texts: list[str]) -> list[Any]:
    """Do the work on every text; where there are many, in copies of ourselves that have the rules already.

    A copy that fails ends with its own traceback and takes us along.
    """
    workers = min(os.cpu_count() or 1, len(texts) // ENOUGH_FOR_A_WORKER)
    if workers < 2 or not hasattr(os, "fork"):
        return [work(text) for text in texts]
    for number in range(workers):
        if os.fork() == 0:
            with open(f"share-{number}.json", "w", encoding="utf-8") as file:
                json.dump([work(text) for text in texts[number::workers]], file)
            os._exit(0)
    if any(os.wait()[1] for _ in range(workers)):
        os._exit(1)
    done: list[Any] = [None] * len(texts)
    for number in range(workers):
        with open(f"share-{number}.json", encoding="utf-8") as file:
            done[number::workers] = json.load(file)
    return done


def unknown_level(rule: str) -> dict[str, str]:
    """A remark about the policy: it sets the level of a rule that is not there."""
    message = f"levels.{rule} in policies/: cfn-lint has no rule {rule}"
    place = {"logical_id": "", "path": f"levels/{rule}", "source": ""}
    return {"rule": "ESMCFN-LEVELS", "severity": "error", "message": message, **place}


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
