"""The gate through the real command: engines that fail, a machine without a network, several environments at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NO_NETWORK = """
import os, sys
def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"}:
        os.write(2, f"{event} {arguments}".encode())
        os._exit(99)
sys.addaudithook(watch)
from esmcfn.cli import main
main()
"""


def a_broken_checkov(folder: Path, script: str) -> str:
    """An environment that looks like one with checkov in it, and does this instead."""
    (folder / "lib" / "python3" / "site-packages" / "checkov-9.9.9.dist-info").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'ValueError: no such rule' >&2; exit 3", "ended with status 3: ValueError: no such rule"),
        ("kill -9 $$", "ended by signal 9"),
        ("echo hello", "answered with something that is not JSON"),
        ("echo '{}'", "answered with something else than remarks"),
        (None, "is not installed"),
    ],
    ids=["crash", "signal", "babble", "shape", "missing"],
)
@pytest.mark.parametrize("verb", ["check", "plan"])
def test_an_engine_that_does_not_judge_blocks_and_the_others_still_speak(root, tmp_path, verb, script, reason):
    named = a_broken_checkov(tmp_path / "checkov", script) if script else str(tmp_path / "nowhere")
    root.edit("ml.g5.2xlarge", "ml.g5.2xlarge\n    instance_count: 500")
    done = root.esmcfn(verb, "dev", "-f", "json", ESMCFN_CHECKOV=named)

    assert done.code == 10, done.err
    found = {finding["rule"]: finding for finding in done.document["findings"]}
    assert found["ESMCFN-CHECKOV"]["level"] == "hard"
    assert reason in found["ESMCFN-CHECKOV"]["message"]
    assert "Mend it: " in found["ESMCFN-CHECKOV"]["message"]
    assert found["ESM001"]["engine"] == "house"


def test_files_are_named_from_where_the_command_runs(root):
    root.edit("ml.g5.2xlarge", "ml.g5.2xlarge\n    instance_count: 500")
    command = [*root.command("check", "dev", "--root", root.folder.name), "-f"]
    shown = {
        form: subprocess.run(
            [*command, form], capture_output=True, text=True, env=root.environment, cwd=root.folder.parent, check=False
        ).stdout
        for form in ("github", "sarif", "json")
    }
    assert "file=basic/environments/dev.yaml,line=" in shown["github"]
    assert '"uri": "basic/environments/dev.yaml"' in shown["sarif"]
    assert '"file": "environments/dev.yaml"' in shown["json"]


def test_a_level_of_no_rule_and_a_name_of_no_environment_are_told_on_their_lines(root):
    root.write(
        "policies/levels.yaml",
        """\
levels:
  CKV_AWS_99999999: soft
  E9999: advisory
environments:
  qa:
    levels:
      ESM999: hard
production:
  - pord
""",
    )
    done = root.esmcfn("check", "dev", "-f", "json")
    told = {(each["rule"], each["file"], each["line"], each["column"]) for each in done.document["findings"]}
    assert done.code == 10
    assert told == {
        ("ESMCFN-LEVELS", "policies/levels.yaml", 2, 3),
        ("ESMCFN-LEVELS", "policies/levels.yaml", 3, 3),
        ("ESMCFN-LEVELS", "policies/levels.yaml", 7, 7),
        ("ESMCFN-ENVIRONMENT", "policies/levels.yaml", 5, 3),
        ("ESMCFN-ENVIRONMENT", "policies/levels.yaml", 9, 5),
    }


def test_what_two_engines_ask_for_is_one_line_to_edit_and_one_key_to_write(root):
    root.edit("ml.g5.2xlarge", "ml.c6i.4xlarge\n    kms_key_arn: false\nlog_retention_days: 30")
    root.write("policies/levels.yaml", "production: [dev]\n")
    found = {each["rule"]: each for each in root.esmcfn("check", "dev", "-f", "json").document["findings"]}
    line = root.read("environments/dev.yaml").splitlines().index("    kms_key_arn: false") + 1
    assert {found[rule]["line"] for rule in ("ESM034", "CKV2_ESM_13")} == {line}
    assert "log_kms_key_arn" in found["CKV_AWS_158"]["advice"]
    assert "log_kms_key_arn" in root.esmcfn("explain", "CKV_AWS_158").out


def test_a_check_of_the_root_s_own_may_stand_in_the_place_of_ours(root):
    root.write(
        "policies/checkov/mine.yaml",
        """\
metadata: {id: CKV2_ESM_1, name: Mine, category: IAM, severity: LOW}
definition:
  cond_type: attribute
  resource_types: [AWS::SageMaker::Model]
  attribute: Nope
  operator: exists
""",
    )
    (finding,) = root.esmcfn("check", "dev", "-f", "json").document["findings"]
    assert (finding["rule"], finding["message"], finding["severity"]) == ("CKV2_ESM_1", "Mine", "info")
    assert "hash" not in finding["advice"]


def test_a_check_in_python_is_refused_by_its_name_and_never_run(root, tmp_path):
    ran = tmp_path / "ran"
    root.write("policies/checkov/__init__.py", "")
    root.write("policies/checkov/evil.py", f"open({str(ran)!r}, 'w').write('ran')\n")
    for words in (("check", "dev"), ("explain", "CKV_AWS_158"), ("validate", "dev")):
        done = root.esmcfn(*words)
        assert (done.code, "policies/checkov/evil.py:1:1" in done.err) == (3, True), words
    assert not ran.exists()


def test_judging_opens_no_socket(root):
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, "check", "dev", "-f", "json"],
        capture_output=True,
        text=True,
        env={**root.environment, "XDG_CACHE_HOME": str(root.folder / "cache")},
        cwd=root.folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["engines"]) == {"checkov", "cfn-lint", "house"}


def test_the_watch_over_sockets_would_see_one(root):
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, "plan", "dev"],
        capture_output=True,
        text=True,
        env=root.environment,
        cwd=root.folder,
        check=False,
    )
    assert done.returncode == 99, done.stderr


def test_all_environments_are_one_question_to_checkov(root, tmp_path, machine):
    asked, real = tmp_path / "asked", checkov_s_python()
    root.write("environments/qa.yaml", (root.folder / "environments/dev.yaml").read_text().replace(": dev", ": qa"))
    named = a_broken_checkov(tmp_path / "checkov", f'echo once >> {asked}; exec {real} "$@"')
    version = next(Path(real).parents[1].glob("lib/python*/site-packages/checkov-*.dist-info")).name
    (tmp_path / "checkov/lib/python3/site-packages/checkov-9.9.9.dist-info").rename(
        tmp_path / "checkov/lib/python3/site-packages" / version
    )
    done = root.esmcfn("check", "--all", "-f", "json", ESMCFN_CHECKOV=named, XDG_CACHE_HOME=str(tmp_path / "cache"))

    assert done.code == 0, done.err
    assert [each["environment"] for each in done.document["environments"]] == ["dev", "qa"]
    assert asked.read_text().splitlines() == ["once"]


def checkov_s_python() -> str:
    from esmcfn.policy.checkov import find
    from esmcfn.policy.engine import Installation, Surroundings

    found = find(Surroundings(region="us-east-2"))
    assert isinstance(found, Installation)
    return os.path.abspath(found.command[0])


def test_an_invalid_environment_beside_a_good_one_is_told_and_the_good_one_judged(root):
    root.write("environments/qa.yaml", "environment: qa\n")
    done = root.esmcfn("check", "--all", "-f", "json")
    assert done.code == 3
    dev, qa = done.document["environments"]
    assert (dev["schema"], qa["schema"]) == ("esmcfn.check/v1", "esmcfn.error/v1")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "other.json:1:1: not JSON: Expecting value (a template is judged in JSON)"),
        ('{\n  "Resources": }', "other.json:2:16: not JSON: Expecting value"),
        ("[]", "other.json:1:1: not a CloudFormation template: it has no Resources"),
        ("[" * 99999, "other.json:1:1: not JSON: nested too deeply"),
        ("{}\udc80", "other.json:1:1: the file is not UTF-8"),
    ],
)
def test_what_is_no_template_is_invalid_input(root, text, complaint):
    (root.folder / "other.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    done = root.esmcfn("check", "dev", "--template", "other.json")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(complaint)


def test_a_template_of_somebody_else_is_judged_on_its_lines(root):
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}
    root.write("other.json", json.dumps({"Resources": {"Topic": topic}}, indent=2))
    done = root.esmcfn("check", "dev", "--template", "other.json", "-f", "json")
    (finding,) = [each for each in done.document["findings"] if each["rule"] == "CKV_AWS_26"]
    assert (done.code, finding["file"], finding["line"], finding["resource_type"]) == (
        10,
        "other.json",
        3,
        topic["Type"],
    )


IMAGE = f"123456789012.dkr.ecr.us-east-2.amazonaws.com/esm@sha256:{'0a' * 32}"
STYLES = {
    "block": "container:\n      image: {image}\n      environment:\n        HF_TOKEN: {value}",
    "flow": "container:\n      image: {image}\n      environment: {{HF_TOKEN: {value}}}",
    "one line": "container: {{image: '{image}', environment: {{HF_TOKEN: {value}}}}}",
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("form", ["text", "json", "markdown", "sarif", "github", "junit"])
def test_no_report_repeats_what_may_be_a_secret(root, style, form):
    package = next(line for line in root.read("catalogs/esm.yaml").splitlines() if "model_package:" in line).strip()
    value = "postgresql://esm:never-shown@db.example.com/esm"
    root.edit(package, STYLES[style].format(image=IMAGE, value=f"'{value}'"), file="catalogs/esm.yaml")
    done = root.esmcfn("check", "dev", "-f", form)
    assert done.code == 10, done.err
    assert "ESM013" in done.out
    assert "ESM032" in done.out
    assert "never-shown" not in done.out + done.err


@pytest.mark.parametrize("form", ["sarif", "github", "junit"])
def test_every_format_leaves_the_exit_code_alone(root, form):
    assert root.esmcfn("check", "dev", "-f", form).code == 0
    root.edit("ml.g5.2xlarge", "ml.g5.2xlarge\n    instance_count: 500")
    done = root.esmcfn("check", "dev", "-f", form)
    assert done.code == 10
    assert "ESM001" in done.out


@pytest.mark.parametrize(("rule", "engine"), [("ESM014", "house"), ("ckv2_esm_3", "checkov"), ("E3012", "cfn-lint")])
def test_explain_knows_every_engine_s_rules(root, rule, engine):
    told = root.esmcfn("explain", rule, "-f", "json").document
    assert (told["rule"], told["engine"]) == (rule.upper(), engine)
    assert told["why"]
    assert ("good" in told) == (engine != "cfn-lint")
