"""Policy: engines side by side, levels, order, what is remembered, and what an engine that fails does.

The engines here are small scripts, a real process each; `test_engines` has the real ones.
"""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from awaited import until
from builders import a_base_stack, a_stack, a_target
from msgspec.structs import replace

from esmcfn import policy
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.policy.engine import Adapter, Installation, Surroundings
from esmcfn.policy.process import Fault

HEAD = "import json, os, sys, time\nquestion = json.load(sys.stdin)\n"
ANSWER = """
def remark(name, rule="W1", severity="warning", path="Topic/TopicName"):
    return {"rule": rule, "severity": severity, "logical_id": path.split("/")[0], "path": path,
            "message": "says " + rule, "source": ""}
def answer(said, version="1.0"):
    print(json.dumps({"version": version, "templates": said}))
names = [template["name"] for template in question["templates"]]
"""


def an_engine(
    tmp_path: Path, script: str, *, engine: Engine = Engine.CFN_LINT, version: str = "1.0", **question: str
) -> Adapter:
    """An adapter whose engine is this script; it counts how often it was asked."""
    path = tmp_path / f"{engine}.py"
    path.write_text(HEAD + ANSWER + textwrap.dedent(script), "utf-8")
    command = (sys.executable, "-I", str(path))

    def find(surroundings: Surroundings) -> Installation | Fault:
        return Installation(version=version, command=command, question=question)

    def level(severity: Severity) -> Level:
        return Level.HARD if severity is Severity.ERROR else Level.ADVISORY

    return Adapter(
        engine=engine, fault_rule="FAULT", mend="install it anew", by_hand="run it by hand", find=find, level=level
    )


def a_template(name: str = "esm-dev", *, text: str = "{}", **origins: Origin) -> Template:
    return Template(stack=a_base_stack(name=name), text=text, body={}, digest="", origins=dict(origins), names={})


def judged(
    adapter: Adapter, cache: Path, *templates: Template, levels: Mapping[str, Level] | None = None
) -> tuple[Finding, ...]:
    with policy.begin(
        templates or (a_template(),),
        policy=Policy(levels=levels or {}),
        region="us-east-2",
        cache=cache,
        engines=(adapter,),
    ) as judgement:
        return judgement.findings()


def test_a_remark_becomes_a_finding_at_its_line(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    template = replace(a_template(), stack=a_stack(), origins={"Topic": Origin("environments/dev.yaml", 7)})

    (finding,) = judged(adapter, tmp_path / "cache", template)

    assert finding == Finding(
        rule="W1",
        engine=Engine.CFN_LINT,
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        message="says W1",
        origin=Origin("environments/dev.yaml", 7),
        stack=template.stack.name,
        model="prototype_model",
        logical_id="Topic",
        path="Topic/TopicName",
        advice="change what the line says where it matters",
        fingerprint=finding.fingerprint,
    )


def test_a_level_of_the_policy_wins_over_the_engine_s(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")

    (finding,) = judged(adapter, tmp_path / "cache", levels={"W1": Level.HARD})

    assert finding.level is Level.HARD


def test_what_blocks_comes_first_then_file_line_and_rule(tmp_path: Path) -> None:
    adapter = an_engine(
        tmp_path,
        """
        answer({names[0]: [remark(0, "W2", path="Low"), remark(0, "W1", path="Low"), remark(0, "W9", path="High"),
                           remark(0, "E9", "error", path="Low"), remark(0, "E1", "error", path="Other")]})
        """,
    )
    template = a_template(High=Origin("a.yaml", 2), Low=Origin("a.yaml", 10), Other=Origin("b.yaml", 1))

    found = judged(adapter, tmp_path / "cache", template)

    assert [finding.rule for finding in found] == ["E9", "E1", "W9", "W1", "W2"]


def test_what_was_judged_is_not_judged_again_and_finds_the_line_where_it_is_now(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    before = a_template(Topic=Origin("a.yaml", 1))
    judged(adapter, tmp_path / "cache", before)
    silent = an_engine(tmp_path, "sys.exit('nobody should ask')")

    (finding,) = judged(silent, tmp_path / "cache", a_template(Topic=Origin("a.yaml", 5)))

    assert (finding.rule, finding.origin) == ("W1", Origin("a.yaml", 5))


def test_only_the_template_that_is_new_is_asked_about(tmp_path: Path) -> None:
    judged(an_engine(tmp_path, "answer({name: [] for name in names})"), tmp_path / "cache", a_template())
    adapter = an_engine(tmp_path, "answer({name: [remark(name, 'W%d' % len(names))] for name in names})")

    found = judged(adapter, tmp_path / "cache", a_template(), a_template("esm-dev-new", text='{"new": 1}'))

    assert [(finding.rule, finding.stack) for finding in found] == [("W1", "esm-dev-new")]


def test_equal_templates_are_one_question_and_two_answers(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name, 'W%d' % len(names))] for name in names})")

    found = judged(adapter, tmp_path / "cache", a_template("one"), a_template("two"))

    assert [(finding.rule, finding.stack) for finding in found] == [("W1", "one"), ("W1", "two")]


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2.0"},
        {"question": "another"},
    ],
)
def test_another_version_or_question_is_another_verdict(tmp_path: Path, change: dict[str, str]) -> None:
    said = "answer({name: [remark(name, %r)] for name in names}, version=%r)"
    judged(an_engine(tmp_path, said % ("W1", "1.0")), tmp_path / "cache")

    adapter = an_engine(tmp_path, said % ("W2", change.get("version", "1.0")), **change)

    assert [finding.rule for finding in judged(adapter, tmp_path / "cache")] == ["W2"]


def test_another_policy_or_region_is_another_verdict(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [] for name in names})")
    judged(adapter, tmp_path / "cache")
    silent = an_engine(tmp_path, "sys.exit('asked')")
    for region, digest in (("us-east-2", "other"), ("eu-west-1", "")):
        judgement = policy.begin(
            (a_template(),),
            policy=Policy(digest=digest),
            region=region,
            cache=tmp_path / "cache",
            engines=(silent,),
        )
        assert [finding.rule for finding in judgement.findings()] == ["FAULT"]


def test_a_damaged_verdict_is_no_verdict(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    judged(adapter, tmp_path / "cache")
    (stored,) = (tmp_path / "cache").rglob("*.json")
    for damage in ("", "{", "[]", '{"key": "another", "remarks": []}', '{"remarks": [{}]}', "\0" * 100):
        stored.write_text(damage, "utf-8")
        assert [finding.rule for finding in judged(adapter, tmp_path / "cache")] == ["W1"]


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be", "utf-8")
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")

    assert [finding.rule for finding in judged(adapter, tmp_path / "cache")] == ["W1"]


FAILURES = {
    "crash": ("raise ValueError('no such rule')", "it ended with status 1: ValueError: no such rule"),
    "multiline": (
        "raise ValueError('no such rule\\nsecond line\\nthird')",
        "it ended with status 1: ValueError: no such rule",
    ),
    "afterthought": (
        "os.write(2, b'Traceback\\nbotocore.exceptions.SomeError: so it is\\n' + b'+ cleaning\\n' * 999); sys.exit(3)",
        "it ended with status 3: botocore.exceptions.SomeError: so it is",
    ),
    "words": ("sys.exit('could not read x.json')", "it ended with status 1: could not read x.json"),
    "escape": ("sys.exit('\\x1b[2Jgone')", "it ended with status 1: '\\x1b[2Jgone'"),
    "import": ("import nowhere.at_all", "it ended with status 1: ModuleNotFoundError: No module named 'nowhere'"),
    "signal": ("os.kill(os.getpid(), 9)", "it ended by signal 9: without a word"),
    "garbage": ("print('Traceback: everything is fine')", "it answered with something that is not JSON"),
    "silence": ("", "it answered with something that is not JSON"),
    "shape": ("print('[]')", "it answered with something else than remarks"),
    "remark": ("answer({names[0]: [{'rule': 1}]})", "it answered with something else than remarks: not a remark"),
    "severity": (
        "answer({names[0]: [remark(0, severity='dire')]})",
        "it answered with something else than remarks: 'dire' is not a valid Severity",
    ),
    "half": ("answer({})", "it said nothing about"),
    "version": ("answer({names[0]: []}, version='0.9')", "it says that it is version 0.9, and 1.0 is installed"),
}


MENDS = {FAILURES[name][1]: "install it anew" for name in ("import", "version")}


@pytest.mark.parametrize(("script", "message"), FAILURES.values(), ids=FAILURES)
def test_an_engine_that_fails_blocks_names_what_mends_it_and_leaves_no_verdict(
    tmp_path: Path, script: str, message: str
) -> None:
    (finding,) = judged(an_engine(tmp_path, script), tmp_path / "cache")

    assert (finding.rule, finding.level, finding.severity) == ("FAULT", Level.HARD, Severity.ERROR)
    assert finding.blocks
    assert finding.origin is None
    assert message in finding.message
    assert finding.message.endswith(f"Mend it: {MENDS.get(message, 'run it by hand')}")
    assert not list(tmp_path.rglob("cache/**/*.json"))


def test_no_level_softens_an_engine_s_failure(tmp_path: Path) -> None:
    (finding,) = judged(an_engine(tmp_path, "1/0"), tmp_path / "cache", levels={"FAULT": Level.ADVISORY})
    assert finding.level is Level.HARD


def test_an_engine_that_is_missing_blocks_and_the_other_still_speaks(tmp_path: Path) -> None:
    def find(surroundings: Surroundings) -> Installation | Fault:
        return Fault("is not installed", mend="install it")

    speaks = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    missing = replace(speaks, engine=Engine.CHECKOV, find=find)
    with policy.begin(
        (a_template(),), policy=Policy(), region="us-east-2", cache=tmp_path / "cache", engines=(missing, speaks)
    ) as judgement:
        found = judgement.findings()

    assert [finding.rule for finding in found] == ["FAULT", "W1"]
    assert found[0].message == "checkov judged nothing: it is not installed. Mend it: install it"
    assert judgement.engines["checkov"] == "missing"
    assert judgement.engines["cfn-lint"] == "1.0"


def test_an_engine_that_cannot_be_started_blocks(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "")

    def find(surroundings: Surroundings) -> Installation | Fault:
        return Installation(version="1.0", command=(str(tmp_path / "nowhere"),), question={})

    (finding,) = judged(replace(adapter, find=find), tmp_path / "cache")

    assert "it did not start: No such file or directory" in finding.message


def test_without_room_for_the_question_an_engine_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))

    (finding,) = judged(an_engine(tmp_path, "1/0"), tmp_path / "cache")

    assert "it did not start: No such file or directory" in finding.message


def test_an_engine_that_hangs_is_stopped_and_blocks(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "time.sleep(60)")
    judgement = policy.begin(
        (a_template(),),
        policy=Policy(),
        region="us-east-2",
        cache=tmp_path / "cache",
        engines=(adapter,),
        deadline_seconds=0.3,
    )
    begun = time.monotonic()

    (finding,) = judgement.findings()

    assert "it did not answer within 0.3 seconds" in finding.message
    assert time.monotonic() - begun < 30


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or " Z " not in Path(f"/proc/{pid}/stat").read_text("utf-8")


def wait_for(path: Path) -> str:
    return until(lambda: path.exists() and path.read_text("utf-8"), f"{path} is written") or ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs process groups")
def test_leaving_early_leaves_no_process_and_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    pids = tmp_path / "pids"
    adapter = an_engine(
        tmp_path,
        f"""
        child = os.fork()
        if child:
            with open({str(pids)!r}, "w") as file:
                file.write(f"{{os.getpid()}} {{child}}")
        time.sleep(60)
        """,
    )
    started: list[int] = []

    def interrupted() -> None:
        with policy.begin(
            (a_template(),), policy=Policy(), region="us-east-2", cache=tmp_path / "cache", engines=(adapter,)
        ):
            started.extend(int(pid) for pid in wait_for(pids).split())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    until(lambda: not any(running(pid) for pid in started), "they have ended")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_ctrl_c_of_the_terminal_does_not_reach_an_engine(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name, 'W%d' % os.getsid(0))] for name in names})")

    (finding,) = judged(adapter, tmp_path / "cache")

    assert finding.rule != f"W{os.getsid(0)}"


def test_an_engine_sees_no_credentials_no_proxy_and_a_home_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "never")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    adapter = an_engine(
        tmp_path,
        """
        assert os.environ["HOME"] == os.getcwd()
        seen = sorted(name for name in os.environ if name.startswith("AWS_") or "PROXY" in name)
        answer({name: [remark(name, " ".join(seen))] for name in names})
        """,
    )

    (finding,) = judged(adapter, tmp_path / "cache")

    assert finding.rule == "AWS_EC2_METADATA_DISABLED"


def test_asking_twice_gives_the_same_answer(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    judgement = policy.begin(
        (a_template(),), policy=Policy(), region="us-east-2", cache=tmp_path / "cache", engines=(adapter,)
    )
    assert judgement.findings() is judgement.findings()


def test_what_was_stopped_has_no_verdict(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "time.sleep(60)")
    judgement = policy.begin(
        (a_template(),), policy=Policy(), region="us-east-2", cache=tmp_path / "cache", engines=(adapter,)
    )
    judgement.cancel()
    judgement.cancel()

    assert [finding.rule for finding in judgement.findings()] == ["FAULT"]


def test_house_rules_speak_whatever_the_engines_do(tmp_path: Path) -> None:
    body = {"Resources": {"Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": "someone"}}}}
    stack = a_base_stack(target=a_target())
    template = Template(stack=stack, text="{}", body=body, digest="", origins={}, names={})

    found = judged(an_engine(tmp_path, "1/0"), tmp_path / "cache", template)

    assert [finding.rule for finding in found] == ["FAULT", "ESM008"]


def test_informational_rules_that_the_policy_names_are_asked_for(tmp_path: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def find(surroundings: Surroundings) -> Installation | Fault:
        asked.append(surroundings.informational)
        return Fault("was only asked")

    adapter = replace(an_engine(tmp_path, ""), find=find)
    judged(adapter, tmp_path / "cache", levels={"I3011": Level.ADVISORY, "E1": Level.SOFT})

    assert asked == [("I3011",)]


def test_a_level_of_no_rule_is_told_once_blocks_and_is_softened_by_nothing(tmp_path: Path) -> None:
    adapter = an_engine(
        tmp_path,
        'answer({name: [remark(name, "ESMCFN-LEVELS", "warning", path="")] for name in names})',
    )
    templates = (a_template("one", text="1"), a_template("two", text="2"))

    (finding,) = judged(adapter, tmp_path / "cache", *templates, levels={"ESMCFN-LEVELS": Level.ADVISORY})

    assert (finding.rule, finding.level, finding.origin) == ("ESMCFN-LEVELS", Level.HARD, None)
    assert (finding.stack, finding.model) == ("", None)


def test_an_engine_hears_the_levels_of_its_own_rules_alone() -> None:
    surroundings = Surroundings(region="us-east-2", levels=("CKV_AWS_1", "E1001", "ESM001", "I3011"))

    assert surroundings.levels_of(r"[EWI]\d{4}") == {"levels": "E1001,I3011"}
    assert surroundings.levels_of("X") == {}


def test_a_region_without_budgets_is_told_what_to_leave_out(tmp_path: Path) -> None:
    script = "answer({names[0]: [remark(0, 'E3006', 'error', path) for path in ('Budget/Type', 'Topic/Type')]})"
    types = {"Budget": {"Type": "AWS::Budgets::Budget"}, "Topic": {"Type": "AWS::SNS::Topic"}}
    template = replace(a_template(), body={"Resources": types})
    found = {each.logical_id: each.advice for each in judged(an_engine(tmp_path, script), tmp_path / "cache", template)}
    assert "leave notify out" in found["Budget"]
    assert "notify" not in found["Topic"]
