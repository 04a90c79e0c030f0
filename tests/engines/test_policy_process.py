"""What policy makes of an engine's process: one that fails, hangs, is missing or is left early."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from awaited import until
from msgspec.structs import replace
from scripted import a_template, an_engine, judged, running, wait_for

from esmcfn import policy
from esmcfn.domain.finding import Engine, Level, Severity
from esmcfn.domain.project import Policy
from esmcfn.policy.engine import Installation, Surroundings
from esmcfn.policy.process import Fault
from esmcfn.signals import Signalled, Signals

TODAY = date(2026, 11, 21)

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
        (a_template(),),
        policy=Policy(),
        region="us-east-2",
        cache=tmp_path / "cache",
        today=TODAY,
        engines=(missing, speaks),
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
        today=TODAY,
        engines=(adapter,),
        deadline_seconds=0.3,
    )
    begun = time.monotonic()

    (finding,) = judgement.findings()

    assert "it did not answer within 0.3 seconds" in finding.message
    assert time.monotonic() - begun < 30


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
            (a_template(),),
            policy=Policy(),
            region="us-east-2",
            cache=tmp_path / "cache",
            today=TODAY,
            engines=(adapter,),
        ):
            started.extend(int(pid) for pid in wait_for(pids).split())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    until(lambda: not any(running(pid) for pid in started), "they have ended")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_an_engine_that_nobody_holds_yet_when_the_signal_comes_is_stopped_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signals: Signals
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    start, started = subprocess.Popen, []

    def interrupted(*words: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(start(*words, **options))
        signal.raise_signal(signal.SIGTERM)
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    signals.heed()
    with pytest.raises(Signalled):
        policy.begin(
            (a_template(),),
            policy=Policy(),
            region="us-east-2",
            cache=tmp_path / "cache",
            today=TODAY,
            engines=(an_engine(tmp_path, "time.sleep(60)"),),
        )
    gc.collect()
    until(lambda: not running(started[0].pid), "it has ended")
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


def test_what_was_stopped_has_no_verdict(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "time.sleep(60)")
    judgement = policy.begin(
        (a_template(),), policy=Policy(), region="us-east-2", cache=tmp_path / "cache", today=TODAY, engines=(adapter,)
    )
    judgement.cancel()
    judgement.cancel()

    assert [finding.rule for finding in judgement.findings()] == ["FAULT"]
