"""Ask checkov about templates: the question as JSON on stdin, its remarks as JSON on stdout.

{checks, ours, types, levels, templates: [{name, text}]} -> {version, templates: {name: [remark]}}
{checks, ours, explain: rule} -> {rules: {id: {name, why, source, severity} for the one asked about, {} for the others}}

A script, run by path by the interpreter of checkov's own environment, where esmcfn is not. Only checkov's
CloudFormation runner is loaded; its command line would load thirty, ask its maker's platform for news and
replace the root logger. Whatever goes wrong ends this with a traceback; who asked makes a finding of that.
"""

from __future__ import annotations

import difflib
import filecmp
import gc
import json
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

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
    alone()
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is not the answer
    question = json.load(sys.stdin)
    json.dump(explain(question) if "explain" in question else judge(question), answer)
    answer.flush()
    os._exit(0)


def alone() -> None:
    """Make this process one for checkov and nothing else, before it is imported."""
    gc.disable()  # a third of the time to import checkov goes into looking for garbage that is not there

    # No worker processes to lose sight of, no chatter.
    os.environ["CHECKOV_PARALLELIZATION_TYPE"] = "none"
    os.environ["LOG_LEVEL"] = "ERROR"

    # What checkov imports and we never use is a quarter of its imports. Its clients of its maker's platform and of
    # registries are empty modules here, so that whoever tried to reach one would fail; numpy is one that asteval can
    # do without.
    sys.modules.update({name: ModuleType(name) for name in ("aiohttp", "boto3", "docker")})
    sys.modules["numpy"] = None  # type: ignore[assignment]  # how Python is told that there is none


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
    unrun = left_out(question) if question.get("checks") else []
    said = {name: unknown + unrun + remarks for name, remarks in said.items()}
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


def left_out(question: dict[str, Any]) -> list[dict[str, str]]:
    """Remarks about the root's own checks that checkov drops in silence, as a whole or in a part.

    `types` of the question is a folder with a JSON file a region, whose keys are its resource types.
    """
    from checkov.cloudformation.runner import Runner
    from checkov.common.checks_infra import registry

    loaded = {os.path.realpath(check.check_path) for check in Runner().graph_registry.checks}
    known = Types(question.get("types", ""))
    said = []
    for path in own_files(question["checks"], question.get("ours", "")):
        relative = os.path.relpath(path, question["checks"]).replace(os.sep, "/")
        with open(path, encoding="utf-8") as file:
            check = json.load(file) if path.endswith(".json") else registry.yaml.safe_load(file)
        wrong = list(unknown_words(check.get("definition"), ("definition",), known))
        if not wrong and os.path.realpath(path) not in loaded:
            wrong = [(("definition",), "it makes no sense of the definition")]
        said += [unrun(relative, place, why) for place, why in wrong]
    return said


def own_files(folder: str, ours: str) -> Iterator[str]:
    """Files of checks, in order, without copies of ours, which nobody has to look at."""
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(each for each in names if os.path.splitext(each)[1] in {".yaml", ".yml", ".json"}):
            path, known = os.path.join(place, name), os.path.join(ours, name)
            if not (ours and os.path.isfile(known) and filecmp.cmp(path, known, shallow=False)):
                yield path


class Types:
    """Resource types. One region has nearly all, so that the others are seldom read."""

    def __init__(self, folder: str) -> None:
        self._files = sorted(os.listdir(folder), key=lambda name: name != "us-east-1.json") if folder else []
        self._folder = folder
        self.known: set[str] = set()

    def unknown(self, name: str) -> bool:
        """Is it none of AWS's, nor of the form of anybody else's?"""
        publisher, *rest = name.casefold().split("::")
        if not self._folder or not rest or publisher == "custom" or (publisher != "aws" and len(rest) > 1):
            return False
        while name not in self.known and self._files:
            file = self._files.pop(0)
            if file.endswith(".json"):
                with open(os.path.join(self._folder, file), encoding="utf-8") as opened:
                    self.known.update(json.load(opened))
        return name not in self.known


def unrun(relative: str, place: tuple[Any, ...], why: str) -> dict[str, str]:
    """A remark about a check that is not run as it is written."""
    path = "/".join(("checks", relative, *map(str, place)))
    message = f"checkov does not judge by policies/checkov/{relative} as it is written: {why}"
    return {
        "rule": "ESMCFN-CHECKOV",
        "severity": "error",
        "logical_id": "",
        "path": path,
        "message": message,
        "source": "",
    }


def unknown_words(said: Any, place: tuple[Any, ...], types: Types) -> Iterator[tuple[tuple[Any, ...], str]]:
    """What checkov knows nothing of in a definition: where it stands, and what is wrong with it."""
    from checkov.common.checks_infra import checks_parser as grammar

    if not isinstance(said, dict):
        yield place, f"{place[-1]} has to be a mapping"
        return
    both = [each for each in grammar.operators_to_complex_solver_classes if each in said]
    if both:
        for other in (*both[1:], *(each for each in ("cond_type", "attribute", "operator") if each in said)):
            yield (*place, other), f"{other} stands beside {both[0]}, and one of them alone counts"
        inner = said[both[0]]
        whole = inner if isinstance(inner, list) else [inner]
        if not whole:
            yield (*place, both[0]), f"there is nothing in {both[0]}"
        for number, each in enumerate(whole):
            below = (*place, both[0], number) if isinstance(inner, list) else (*place, both[0])
            yield from unknown_words(each, below, types)
        return
    yield from unknown_condition(said, place)
    named = [
        ("resource_types", said.get("resource_types")),
        ("connected_resource_types", said.get("connected_resource_types")),
    ]
    if said.get("cond_type") == "filter" and said.get("attribute") == "resource_type":
        named.append(("value", said.get("value")))
    for key, value in named:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and types.unknown(each):
                yield (*place, key), f"there is no resource type {each}{near(each, types.known)}"


def unknown_condition(said: dict[str, Any], place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """What checkov knows nothing of in one condition."""
    from checkov.common.checks_infra import checks_parser as grammar

    operators = {
        "attribute": grammar.operators_to_attributes_solver_classes,
        "connection": grammar.operator_to_connection_solver_classes,
        "filter": grammar.operator_to_filter_solver_classes,
        "resource": grammar.operator_to_resource_solver_classes,
    }
    kind, operator = said.get("cond_type"), said.get("operator")
    if kind not in operators:
        why = f"cond_type {kind} is unknown{near(kind, operators)}" if kind else "a condition has no cond_type"
        yield (*place, "cond_type"), why
        return
    if kind in {"attribute", "filter"} and not said.get("attribute"):
        yield (*place, "attribute"), "a condition has no attribute, and so nothing to look at"
    word = str(operator).removeprefix(grammar.JSONPATH_PREFIX if kind == "attribute" else "")
    if word not in operators[kind]:
        why = f"operator {operator} is unknown{near(word, operators[kind])}" if operator else "it has no operator"
        yield (*place, "operator"), why


def near(word: Any, known: Any) -> str:
    """The word that is probably meant."""
    found = difflib.get_close_matches(str(word), known, 1)
    return f" (did you mean {found[0]}?)" if found else ""


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
        # A key may be written with escapes, of which JSON alone knows what they stand for.
        body = json.loads(text) if '"checkov"' in text or "\\u" in text else {}
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
