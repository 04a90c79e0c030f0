"""The real engines say the same through our runners as through their own command lines, and use no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import cases
import pytest

from esmcfn import policy
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Policy
from esmcfn.policy import cfnlint, checkov
from esmcfn.policy.engine import Adapter, Installation, Surroundings
from esmcfn.policy.explanation import Explanation, Unknown, explain

TODAY = date(2026, 11, 21)

pytestmark = pytest.mark.slow

REGION = "us-east-2"
SURROUNDINGS = Surroundings(region=REGION)

NO_NETWORK = """
import os, runpy, sys
def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        os.write(2, f"{event} {arguments}".encode())
        os._exit(99)
sys.addaudithook(watch)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a script, and ends it with status 99 where it reaches for the network."""


@pytest.fixture(scope="session")
def templates() -> Mapping[str, str]:
    return dict([*cases.good(), *cases.bad()])


@pytest.fixture(scope="session")
def folder(templates: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    for name, text in templates.items():
        (folder / f"{name}.json").write_text(text, "utf-8")
    return folder


def installed(adapter: Adapter) -> Installation:
    found = adapter.find(SURROUNDINGS)
    assert isinstance(found, Installation), f"{found}: run python -m esmcfn.policy.tools"
    return found


def environment(home: Path) -> Mapping[str, str]:
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def asked(adapter: Adapter, templates: Mapping[str, str], cwd: Path, **more: object) -> Mapping[str, object]:
    """What a runner answers, without a network."""
    found = installed(adapter)
    python, *flags, script = found.command
    question = {**found.question, **more, "templates": [{"name": n, "text": t} for n, t in templates.items()]}
    done = subprocess.run(
        [python, *flags, "-c", NO_NETWORK, script],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**environment(cwd), "TMPDIR": str(found.scratch or cwd)},
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def test_checkov_says_what_its_command_line_says(templates: Mapping[str, str], folder: Path, tmp_path: Path) -> None:
    answer = asked(checkov.CHECKOV, templates, tmp_path, results=True)
    ours = {
        (name, *result)
        for name, results in answer["results"].items()  # type: ignore[attr-defined]
        for result in map(tuple, results)
    }

    command = Path(installed(checkov.CHECKOV).command[0]).with_name("checkov")
    checks = ("--external-checks-dir", str(checkov.OURS))
    options = ("--framework", "cloudformation", "--skip-download", "--compact", "--output", "json", *checks)
    done = subprocess.run(
        [command, "-d", folder, *options], capture_output=True, text=True, cwd=tmp_path, env=environment(tmp_path)
    )
    results = json.loads(done.stdout)["results"]
    theirs = {
        (Path(record["file_path"]).stem, record["check_id"], record["resource"], record["check_result"]["result"])
        for word in ("passed_checks", "failed_checks", "skipped_checks")
        for record in results[word]
    }

    # What a template tells checkov to leave out is left out by its command line, and judged by us.
    left_out = {each[:3] for each in theirs if each[3] == "SKIPPED"}
    judged = {each for each in ours if each[:3] in left_out}
    assert left_out
    assert {each[:3] for each in judged} == left_out
    assert ours - judged == {each for each in theirs if each[:3] not in left_out}
    assert {result for *_, result in ours} == {"PASSED", "FAILED"}
    assert len({check for _, check, _, result in ours if result == "FAILED"}) > 25
    failed = {(name, remark["rule"]) for name, said in answer["templates"].items() for remark in said}  # type: ignore[attr-defined]
    assert failed == {(name, check) for name, check, _, result in ours if result == "FAILED"}


def test_python_beside_a_root_s_checks_is_never_imported(templates: Mapping[str, str], tmp_path: Path) -> None:
    checks, ran = tmp_path / "checks", tmp_path / "ran"
    checks.mkdir()
    for name in ("__init__.py", "evil.py"):
        (checks / name).write_text(f"open({str(ran)!r}, 'w').write('ran')\n")
    name, text = next(iter(templates.items()))

    asked(checkov.CHECKOV, {name: text}, tmp_path, checks=str(checks))
    explain("CKV_AWS_158", Surroundings(region=REGION, checks=checks))

    assert not ran.exists()


A_CHECK = """\
metadata: {id: CKV2_ACME_1, name: a model has a network, category: NETWORKING}
definition:
  cond_type: attribute
  resource_types: [AWS::SageMaker::Model]
  attribute: VpcConfig
  operator: exists
"""

NESTED = """\
metadata: {id: CKV2_ACME_2, name: a model has a network, category: NETWORKING}
definition:
  or:
    - {cond_type: attribute, resource_types: [AWS::SageMaker::Model], attribute: VpcConfig, operator: exists}
    - not: {cond_type: attribute, resource_types: [AWS::SageMaker::Model], attribute: VpcConfig, operator: exist}
"""

UNRUN = {
    "operator": (A_CHECK.replace("exists", "exist"), "definition/operator", "did you mean exists?"),
    "condition": (
        A_CHECK.replace("cond_type: attribute", "cond_type: attributes"),
        "definition/cond_type",
        "attributes",
    ),
    "type": (
        A_CHECK.replace("Maker::Model", "Maker::Modell"),
        "definition/resource_types",
        "mean AWS::SageMaker::Model?",
    ),
    "capitals": (
        A_CHECK.replace("AWS::", "aws::"),
        "definition/resource_types",
        "no resource type aws::SageMaker::Model",
    ),
    "attribute": (A_CHECK.replace("  attribute: VpcConfig\n", ""), "definition/attribute", "no attribute"),
    "nested": (NESTED, "definition/or/1/not/operator", "operator exist is unknown"),
    "beside": (f"{A_CHECK}  or: [{{cond_type: resource}}]\n", "definition/cond_type", "stands beside or"),
    "nothing": (A_CHECK.split("definition")[0] + "definition: {and: []}\n", "definition/and", "nothing in and"),
}


def test_a_check_that_checkov_drops_in_silence_is_told_where_it_says_so(
    templates: Mapping[str, str], tmp_path: Path
) -> None:
    checks = tmp_path / "checks"
    checks.mkdir()
    for name, (text, _, _) in UNRUN.items():
        (checks / f"{name}.yaml").write_text(text.replace("CKV2_ACME_1", f"CKV2_ACME_{name.upper()}"), "utf-8")
    (checks / "good.yaml").write_text(A_CHECK, "utf-8")
    (checks / "theirs.yaml").write_text(A_CHECK.replace("_1,", "_9,").replace("AWS::SageMaker", "Acme::Some"), "utf-8")
    name, text = next(iter(templates.items()))
    types = str(cfnlint.resource_types())

    answer = asked(checkov.CHECKOV, {name: text}, tmp_path, checks=str(checks), types=types)

    told = [each for each in answer["templates"][name] if each["rule"] == checkov.CHECKOV.fault_rule]  # type: ignore[index]
    places = {each["path"]: each["message"] for each in told}
    for file, (_, place, words) in UNRUN.items():
        assert words in places.get(f"checks/{file}.yaml/{place}", ""), (file, sorted(places))
    assert not [place for place in places if "good.yaml" in place or "theirs.yaml" in place]


def test_a_check_that_is_not_run_blocks_at_its_line_and_no_level_changes_that(tmp_path: Path) -> None:
    checks = tmp_path / "checks"
    checks.mkdir()
    (checks / "a.yaml").write_text(UNRUN["operator"][0], "utf-8")
    place = Origin("policies/checkov/a.yaml", 6, 3)
    own = Policy(
        places={"checks/a.yaml": Origin("policies/checkov/a.yaml", 2), "checks/a.yaml/definition/operator": place}
    )
    templates = [cases.as_template(cases.as_json(cases.HERE / "bad" / "hosting.yaml"))] * 2

    with policy.begin(
        templates, policy=own, region=REGION, cache=tmp_path / "cache", today=TODAY, checks=checks
    ) as judgement:
        (told,) = [each for each in judgement.findings() if each.rule == checkov.CHECKOV.fault_rule]

    assert (told.level, told.origin, told.stack) == (Level.HARD, place, "")
    assert "operator exist is unknown (did you mean exists?)" in told.message


def test_cfn_lint_says_what_its_command_line_says(templates: Mapping[str, str], folder: Path, tmp_path: Path) -> None:
    answer = asked(cfnlint.CFN_LINT, templates, tmp_path)
    ours = {
        (name, remark["rule"], remark["message"])
        for name, said in answer["templates"].items()  # type: ignore[attr-defined]
        for remark in said
    }

    command = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [command, "--format", "json", "--regions", REGION, "--", *sorted(folder.iterdir())],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    theirs = {
        (Path(match["Filename"]).stem, match["Rule"]["Id"], match["Message"]) for match in json.loads(done.stdout)
    }

    assert ours == theirs
    assert len({rule for _, rule, _ in ours}) > 5


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_the_examples_of_accounts_of_one_s_own_pass_too(environment: str, tmp_path: Path) -> None:
    in_force, templates = cases.built(".", environment)
    with policy.begin(templates, policy=in_force, region=REGION, cache=tmp_path, today=TODAY) as judgement:
        found = {(finding.rule, finding.level) for finding in judgement.findings()}
    # A key for logs is somebody's own, and no example can name it.
    assert found == {("CKV_AWS_158", Level.ADVISORY)}


@pytest.mark.parametrize("root", cases.ROOTS)
def test_what_this_repository_ships_passes_its_own_policy(root: str, tmp_path: Path) -> None:
    in_force, templates = cases.built(root)
    with policy.begin(templates, policy=in_force, region=REGION, cache=tmp_path, today=TODAY) as judgement:
        found = judgement.findings()
    assert [finding for finding in found if finding.blocks] == []
    assert set(judgement.engines) == {"checkov", "cfn-lint", "house"}


def judged(
    text: str, cache: Path, *, levels: Mapping[str, Level] | None = None, **more: object
) -> Mapping[str, Finding]:
    with policy.begin(
        (cases.as_template(text),),
        policy=Policy(levels=levels or {}),
        region=REGION,
        cache=cache,
        today=TODAY,
        **more,  # type: ignore[arg-type]
    ) as judgement:
        return {finding.rule: finding for finding in judgement.findings()}


def test_every_engine_finds_its_own_in_bad_hosting(tmp_path: Path) -> None:
    found = judged(cases.as_json(cases.HERE / "bad" / "hosting.yaml"), tmp_path)

    isolation = found["CKV_AWS_370"]
    assert isolation.source.startswith("https://")
    assert (isolation.engine, isolation.level, isolation.logical_id) == (Engine.CHECKOV, Level.SOFT, "Model")
    misspelt = found["E3002"]
    assert (misspelt.engine, misspelt.level, misspelt.logical_id) == (Engine.CFN_LINT, Level.HARD, "EndpointConfig")
    assert "Wheight" in misspelt.message
    assert found["ESM006"].engine is Engine.HOUSE


def test_a_text_that_is_no_template_is_never_clean(tmp_path: Path) -> None:
    found = judged("{}", tmp_path)
    assert any(finding.blocks for finding in found.values())
    assert found["ESMCFN-CHECKOV"].level is Level.HARD


CHECK = """
metadata:
  id: CKV2_OURS_1
  name: A topic has a display name
  category: GENERAL_SECURITY
  severity: HIGH
definition:
  cond_type: attribute
  resource_types: [AWS::SNS::Topic]
  attribute: DisplayName
  operator: exists
"""


def test_a_check_of_the_root_s_own_is_run_and_ranked(tmp_path: Path) -> None:
    checks = tmp_path / "checks"
    checks.mkdir()
    (checks / "topic.yaml").write_text(CHECK, "utf-8")
    topic = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}, indent=2)

    levels = {"CKV2_OURS_1": Level.ADVISORY, "CKV2_AWS_69": Level.HARD}
    found = judged(topic, tmp_path / "cache", checks=checks, levels=levels)

    assert found["CKV2_OURS_1"].severity is Severity.ERROR
    assert found["CKV2_OURS_1"].message == "A topic has a display name"
    assert found["CKV2_OURS_1"].level is Level.ADVISORY
    assert "ESMCFN-LEVELS" not in found


def test_nobody_s_configuration_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".cfnlintrc").write_text("ignore_checks: [E3002, E3012]\n", "utf-8")
    (tmp_path / ".checkov.yaml").write_text("skip-check: [CKV_AWS_370]\n", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    found = judged(cases.as_json(cases.HERE / "bad" / "hosting.yaml"), tmp_path / "cache")

    assert {"E3002", "CKV_AWS_370"} <= set(found)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("E3012", "Check resource properties values"),
        ("I3011", "Check stateful resources have a set UpdateReplacePolicy/DeletionPolicy"),
        ("CKV_AWS_149", "Ensure that Secrets Manager secret is encrypted using KMS CMK"),
        ("CKV2_AWS_69", "Ensure AWS RDS database instance configured with encryption in transit"),
    ],
)
def test_an_engine_explains_its_own_rules(rule: str, words: str) -> None:
    found = explain(rule, SURROUNDINGS)

    assert isinstance(found, Explanation)
    assert found.summary == words
    assert found.why
    assert found.source.startswith("https://")
    assert found.unasked == ""


@pytest.mark.parametrize("rule", ["E9999", "CKV_AWS_99999999", "CKV2_OURS_1"])
def test_no_engine_explains_a_rule_that_it_does_not_have(rule: str) -> None:
    assert isinstance(explain(rule, SURROUNDINGS), Unknown)


def test_a_check_of_the_root_s_own_is_explained(tmp_path: Path) -> None:
    (tmp_path / "topic.yaml").write_text(CHECK, "utf-8")

    found = explain("CKV2_OURS_1", Surroundings(region=REGION, checks=tmp_path))

    assert isinstance(found, Explanation)
    assert (found.summary, found.severity) == ("A topic has a display name", "error")


def test_a_level_of_a_rule_that_no_engine_has_blocks(tmp_path: Path) -> None:
    named = ("CKV2_OURS_1", "CKV_AWS_149", "CKV_AWS_99999999", "E3012", "E9999", "ESM001", "ESM999", "I3011")
    _, templates = cases.built(".")

    with policy.begin(
        templates,
        policy=Policy(levels=dict.fromkeys(named, Level.ADVISORY)),
        region=REGION,
        cache=tmp_path,
        today=TODAY,
    ) as judgement:
        found = judgement.findings()

    told = [finding for finding in found if finding.rule == "ESMCFN-LEVELS"]
    assert sorted(finding.message.split()[0] for finding in told) == [
        "levels.CKV2_OURS_1",
        "levels.CKV_AWS_99999999",
        "levels.E9999",
        "levels.ESM999",
    ]
    assert all(finding.level is Level.HARD for finding in told)
