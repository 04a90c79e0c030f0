"""Every rule of ours fails its bad example and passes its good one, through the real command and the real engines."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import cases
import pytest
import yaml
from builders import a_root
from click.testing import CliRunner

from esmcfn.cli.program import program
from esmcfn.policy import checkov
from esmcfn.policy.engine import Installation, Surroundings
from esmcfn.policy.graph import CHECKS, GRAPH_RULES
from esmcfn.policy.house import RULES
from esmcfn.policy.house.rule import Described
from examples import as_root, as_template

pytestmark = pytest.mark.slow

EVERY: tuple[Described, ...] = (*RULES, *GRAPH_RULES)
OF_TEMPLATE = [rule for rule in EVERY if not rule.of_root]
OF_ROOT = [rule for rule in EVERY if rule.of_root]


def checked(root: Path, cache: Path, *words: str) -> tuple[int, list[Mapping[str, object]]]:
    """Exit code and findings of a command line."""
    words = ("--root", str(root), "check", "dev", "-f", "json", *words)
    done = CliRunner().invoke(program, words, env={"XDG_CACHE_HOME": str(cache)}, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, json.loads(done.stdout)["findings"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, set[str]]]:
    """What one run says about all good templates, and another about all bad ones: rules by the template's name."""
    folder = tmp_path_factory.mktemp("examples")
    root = a_root(folder / "root")
    found: dict[str, dict[str, set[str]]] = {}
    for word in ("good", "bad"):
        files = []
        for rule in OF_TEMPLATE:
            file = folder / f"{rule.id}-{word}.json"
            file.write_text(as_template(rule, getattr(rule, word)), "utf-8")
            files += ["--template", str(file)]
        code, findings = checked(root, folder / "cache", *files)
        assert not [finding for finding in findings if str(finding["rule"]).startswith("ESMCFN-")]
        assert code == 10 or word == "good"
        said: dict[str, set[str]] = {rule.id: set() for rule in OF_TEMPLATE}
        for finding in findings:
            # What concerns all templates together belongs to none of them: ESM002.
            said[Path(str(finding["stack"])).stem.split("-")[0] or str(finding["rule"])].add(str(finding["rule"]))
        found[word] = said
    return found


@pytest.mark.parametrize("rule", OF_TEMPLATE, ids=lambda rule: rule.id)
def test_a_rule_about_templates_fails_its_bad_example_and_passes_its_good_one(
    found: Mapping[str, Mapping[str, set[str]]], rule: Described
) -> None:
    assert rule.id in found["bad"][rule.id]
    assert rule.id not in found["good"][rule.id]


@pytest.mark.parametrize("rule", OF_ROOT, ids=lambda rule: rule.id)
def test_a_rule_about_a_root_fails_its_bad_example_on_the_line_to_edit(
    rule: Described, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.getbasetemp() / "cache-of-roots"
    good, bad = as_root(rule.good, tmp_path / "good"), as_root(rule.bad, tmp_path / "bad")

    assert rule.id not in {finding["rule"] for finding in checked(good, cache)[1]}
    code, findings = checked(bad, cache)
    (finding,) = [finding for finding in findings if finding["rule"] == rule.id]

    assert code == 10
    assert (finding["message"], finding["advice"]) == (finding["message"], rule.advice)
    lines = (bad / str(finding["file"])).read_text("utf-8").splitlines()
    assert lines[int(str(finding["line"])) - 1].strip()


def test_what_a_template_tells_checkov_to_leave_out_is_judged(found: Mapping[str, Mapping[str, set[str]]]) -> None:
    assert "checkov" in next(rule.bad for rule in RULES if rule.id == "ESM029")
    assert "CKV_AWS_26" in found["bad"]["ESM029"]


def test_our_checks_say_what_is_said_about_them() -> None:
    severities = {"error": "HIGH", "warning": "MEDIUM", "info": "LOW"}
    written = {path.stem: yaml.safe_load(path.read_text("utf-8"))["metadata"] for path in CHECKS.iterdir()}
    said = {rule.id: (rule.id, rule.summary, severities[rule.severity.value], rule.source) for rule in GRAPH_RULES}
    assert {
        name: (facts["id"], facts["name"], facts["severity"], facts["guideline"]) for name, facts in written.items()
    } == said


def test_this_repository_s_checks_are_those_that_the_package_ships() -> None:
    shipped = {path.name: path.read_bytes() for path in CHECKS.iterdir()}
    assert {path.name: path.read_bytes() for path in (cases.ROOT / "policies" / "checkov").iterdir()} == shipped


def test_our_checks_work_with_checkov_alone(tmp_path: Path) -> None:
    for rule in GRAPH_RULES:
        for word in ("good", "bad"):
            (tmp_path / f"{rule.id}-{word}.json").write_text(as_template(rule, getattr(rule, word)), "utf-8")
    installed = checkov.find(Surroundings(region="us-east-2"))
    assert isinstance(installed, Installation)
    command = Path(installed.command[0]).with_name("checkov")
    options = ("--framework", "cloudformation", "--skip-download", "--compact", "--output", "json")
    done = subprocess.run(
        [command, "-d", tmp_path, "--external-checks-dir", cases.ROOT / "policies" / "checkov", *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    results = json.loads(done.stdout)["results"]
    failed = {(Path(each["file_path"]).stem, each["check_id"]) for each in results["failed_checks"]}
    passed = {(Path(each["file_path"]).stem, each["check_id"]) for each in results["passed_checks"]}
    assert {(f"{rule.id}-bad", rule.id) for rule in GRAPH_RULES} <= failed
    assert {(f"{rule.id}-good", rule.id) for rule in GRAPH_RULES} <= passed
