"""Ask checkov about templates: the question as JSON on stdin, its remarks as JSON on stdout.

{checks, ours, levels, templates: [{name, text}]} -> {version, templates: {name: [remark]}}
{checks, ours, explain: rule} -> {rules: {id: {name, why, source, severity} for the one asked about, {} for the others}}

A script, run by path by the interpreter of checkov's own environment, where esmcfn is not. Only checkov's
CloudFormation runner is loaded; its command line would load thirty, ask its maker's platform for news and
replace the root logger. Whatever goes wrong ends this with a traceback; who asked makes a finding of that.
"""

from __future__ import annotations

import gc

gc.disable()  # a third of the time to import checkov goes into looking for garbage that is not there

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from types import ModuleType  # noqa: E402
from typing import Any  # noqa: E402

# Read when checkov is imported: no worker processes to lose sight of, no chatter.
os.environ["CHECKOV_PARALLELIZATION_TYPE"] = "none"
os.environ["LOG_LEVEL"] = "ERROR"

# What checkov imports and we never use is a quarter of its imports. Its clients of its maker's platform and of
# registries are empty modules here, so that whoever tried to reach one would fail; numpy is one that asteval can do
# without.
sys.modules.update({name: ModuleType(name) for name in ("aiohttp", "boto3", "docker")})
sys.modules["numpy"] = None  # type: ignore[assignment]  # how Python is told that there is none

SEVERITIES = {
    "NONE": "info",
    "INFO": "info",
    "LOW": "info",
    "MEDIUM": "warning",
    "HIGH": "error",
    "CRITICAL": "error",
}
UNRANKED = "warning"
"""Severity of checkov's built-in checks: without a key to its maker's platform it has none."""

INDEX = "https://www.checkov.io/5.Policy%20Index/cloudformation.html"
"""Explains the built-in checks; a page for each one is only named by its maker's platform, which is not asked."""


def main() -> None:
    """Answer once, and end without tidying up: the process's memory goes with it."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is not the answer
    question = json.load(sys.stdin)
    json.dump(explain(question) if "explain" in question else judge(question), answer)
    answer.flush()
    os._exit(0)


def judge(question: dict[str, Any]) -> dict[str, Any]:
    """Write the templates where we stand (the folder is ours, and goes), and put all of them to one run."""
    from checkov.version import version

    names = {write(template): template["name"] for template in question["templates"]}
    said: dict[str, list[dict[str, str]]] = {name: [] for name in names.values()}
    results: dict[str, list[list[str]]] = {name: [] for name in names.values()}
    for record in records(list(names), folders(question)):
        name = names[record.file_abs_path]
        result = record.check_result["result"].value
        results[name].append([record.check_id, record.resource, result])
        if result == "FAILED":
            said[name].append(remark(record))
    known = {check.id for check in all_checks(folders(question))} if question.get("levels") else set()
    unknown = [unknown_level(rule) for rule in question.get("levels", "").split(",") if rule and rule not in known]
    said = {name: unknown + remarks for name, remarks in said.items()}
    answer: dict[str, Any] = {"version": version, "templates": said}
    if question.get("results"):
        answer["results"] = results
    return answer


def explain(question: dict[str, Any]) -> dict[str, Any]:
    """What checkov itself says about a check, beside the ids of all that look at CloudFormation."""
    checks = {check.id: check for check in all_checks(folders(question))}
    said: dict[str, Any] = {check_id: {} for check_id in checks}
    asked = checks.get(question["explain"])
    if asked:
        types = getattr(asked, "supported_entities", None) or getattr(asked, "resource_types", None) or []
        severity = getattr(asked.severity, "name", "")
        said[asked.id] = {
            "name": asked.name,
            "why": f"checkov says no more than this. It looks at {', '.join(sorted(types))}." if types else "",
            "source": asked.guideline or source(asked.id),
            "severity": SEVERITIES.get(severity, UNRANKED),
        }
    return {"rules": said}


def folders(question: dict[str, Any]) -> list[str]:
    """Folders of checks besides checkov's own. Of two checks with one id checkov keeps the first: the root's."""
    return [question[name] for name in ("checks", "ours") if question.get(name)]


def all_checks(more: list[str]) -> list[Any]:
    """Every check that looks at CloudFormation, of one resource or of several; those of the folders included."""
    from checkov.cloudformation.checks.resource.registry import cfn_registry

    graph = reading(more).graph_registry
    graph.load_checks()
    return [*(check for _, check in cfn_registry.all_checks()), *graph.checks]


def reading(checks: list[str]) -> Any:
    """checkov's runner, with the checks of these folders: YAML and JSON alone.

    Its own option for folders would import the Python there as well, and a check may come with a pull request: nothing
    that is in one is ever executed.
    """
    from checkov.cloudformation.runner import Runner

    runner = Runner()
    for folder in checks:
        runner.graph_registry.load_external_checks(folder)
    return runner


def unknown_level(rule: str) -> dict[str, str]:
    """A remark about the policy: it sets the level of a check that is not there."""
    message = f"levels.{rule} in policies/: checkov has no check {rule}, nor has policies/checkov"
    place = {"logical_id": "", "path": f"levels/{rule}", "source": ""}
    return {"rule": "ESMCFN-LEVELS", "severity": "error", "message": message, **place}


def source(check_id: str) -> str:
    """The page that lists a built-in check, nothing for the root's own."""
    return INDEX if check_id.startswith(("CKV_AWS_", "CKV2_AWS_")) else ""


def write(template: dict[str, str]) -> str:
    """Put a template into a file, and return the file's path."""
    path = os.path.abspath(f"{template['name']}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(unskipped(template["text"]))
    return path


def unskipped(text: str) -> str:
    """A template without what it tells checkov to leave out: waivers are signed elsewhere, by somebody else."""
    try:
        body = json.loads(text) if '"checkov"' in text else {}
    except ValueError:  # checkov's to refuse
        return text
    resources = body.get("Resources") if isinstance(body, dict) else None
    skips = (
        [each["Metadata"] for each in resources.values() if has_metadata(each)] if isinstance(resources, dict) else []
    )
    for metadata in skips:
        metadata.pop("checkov", None)
    return json.dumps(body, indent=2) if skips else text


def has_metadata(resource: Any) -> bool:
    """Does a resource carry Metadata as a mapping?"""
    return isinstance(resource, dict) and isinstance(resource.get("Metadata"), dict)


def records(files: list[str], checks: list[str]) -> list[Any]:
    """Every record that checkov makes of these files: passed, failed and skipped ones."""
    from checkov.runner_filter import RunnerFilter

    runner = reading(checks)
    report = runner.run(
        root_folder=None,
        files=files,
        runner_filter=RunnerFilter(framework=["cloudformation"], show_progress_bar=False),
    )
    unread = [file for file in files if file in report.parsing_errors or file not in runner.definitions]
    if unread:
        raise SystemExit(f"checkov could not read {', '.join(os.path.basename(file) for file in unread)}")
    return [*report.passed_checks, *report.failed_checks, *report.skipped_checks]


def remark(record: Any) -> dict[str, str]:
    """A failed check in our words; checkov names the properties that it looked at, where it knows them."""
    logical_id = record.resource.rsplit(".", 1)[-1]
    keys = record.check_result.get("evaluated_keys") or []
    inside = str(keys[0]).strip("/").removeprefix("Properties").strip("/") if keys else ""
    severity = getattr(record.severity, "name", "")
    return {
        "rule": record.check_id,
        "severity": SEVERITIES.get(severity, UNRANKED),
        "logical_id": logical_id,
        "path": f"{logical_id}/{inside}".replace("/*/", "/0/") if inside else logical_id,
        "message": record.check_name,
        "source": record.guideline or source(record.check_id),
    }


if __name__ == "__main__":
    main()
