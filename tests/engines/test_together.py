"""Several environments are one question to an engine, and what is remembered survives whoever else is at it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from awaited import until
from builders import a_base_stack
from scripted import an_engine, running, wait_for

from esmcfn import policy
from esmcfn.domain.finding import Finding, Severity
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.policy.engine import Adapter
from esmcfn.policy.remark import Remark
from esmcfn.policy.verdicts import Verdicts, key

TODAY = date(2026, 11, 21)

COUNTS = """
with open({path!r}, "a") as file:
    file.write(f"{{len(names)}}\\n")
answer({{name: [remark(name)] for name in names}})
"""


def a_template(name: str) -> Template:
    text = json.dumps({"name": name})
    return Template(stack=a_base_stack(name=name), text=text, body={}, digest="", origins={}, names={})


def an_engine_that_counts(tmp_path: Path) -> tuple[Adapter, Path]:
    asked = tmp_path / "asked"
    asked.touch()
    return an_engine(tmp_path, COUNTS.format(path=str(asked))), asked


def judged(
    adapter: Adapter, cache: Path, *names: str, region: str = "us-east-2", together: policy.Together | None = None
) -> tuple[Finding, ...]:
    with policy.begin(
        [a_template(name) for name in names],
        policy=Policy(),
        region=region,
        cache=cache,
        today=TODAY,
        engines=(adapter,),
        together=together,
    ) as judgement:
        return judgement.findings()


def asked_together(adapter: Adapter, cache: Path, *environments: tuple[str, ...]) -> policy.Together:
    matters = [
        policy.Matter(templates=tuple(map(a_template, names)), policy=Policy(), region="us-east-2")
        for names in environments
    ]
    return policy.Together(matters, cache=cache, engines=(adapter,))


def test_three_environments_are_one_question(tmp_path: Path) -> None:
    adapter, asked = an_engine_that_counts(tmp_path)
    environments = (("a", "a-m"), ("b", "b-m"), ("c", "c-m"))
    together = asked_together(adapter, tmp_path / "cache", *environments)

    for names in environments:
        found = judged(adapter, tmp_path / "cache", *names, together=together)
        assert [finding.stack for finding in found] == list(names)

    together.close()
    assert asked.read_text().split() == ["6"]


def test_what_was_learned_together_is_remembered(tmp_path: Path) -> None:
    adapter, asked = an_engine_that_counts(tmp_path)
    together = asked_together(adapter, tmp_path / "cache", ("a",), ("b",))
    for name in ("a", "b"):
        judged(adapter, tmp_path / "cache", name, together=together)
    together.close()

    asked_together(adapter, tmp_path / "cache", ("a",), ("b",)).close()
    assert len(judged(adapter, tmp_path / "cache", "a")) == 1
    assert asked.read_text().split() == ["2"]


def test_what_nobody_asked_about_is_asked_alone(tmp_path: Path) -> None:
    adapter, asked = an_engine_that_counts(tmp_path)
    together = asked_together(adapter, tmp_path / "cache", ("a",))
    assert len(judged(adapter, tmp_path / "cache", "a", "other", together=together)) == 2
    assert len(judged(adapter, tmp_path / "cache", "a", region="eu-west-1", together=together)) == 1
    together.close()
    assert sorted(asked.read_text().split())[-2:] == ["1", "2"]


def test_who_leaves_early_does_not_silence_the_others(tmp_path: Path) -> None:
    adapter, _ = an_engine_that_counts(tmp_path)
    together = asked_together(adapter, tmp_path / "cache", ("a",), ("b",))
    with policy.begin(
        [a_template("a")],
        policy=Policy(),
        region="us-east-2",
        cache=tmp_path / "cache",
        today=TODAY,
        engines=(adapter,),
        together=together,
    ):
        pass
    (finding,) = judged(adapter, tmp_path / "cache", "b", together=together)
    together.close()
    assert finding.rule == "W1"


def test_an_engine_that_crashes_is_a_finding_in_each_environment(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "1/0")
    together = asked_together(adapter, tmp_path / "cache", ("a",), ("b",))
    for name in ("a", "b"):
        assert [finding.rule for finding in judged(adapter, tmp_path / "cache", name, together=together)] == ["FAULT"]
    together.close()


def test_an_answer_that_waited_for_us_is_not_late(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    answering = f'answer({{name: [remark(name)] for name in names}})\nopen({str(pid)!r}, "w").write(str(os.getpid()))'
    begun = time.monotonic()
    judgement = policy.begin(
        [a_template("a")],
        policy=Policy(),
        region="us-east-2",
        cache=tmp_path / "cache",
        today=TODAY,
        engines=(an_engine(tmp_path, answering),),
        deadline_seconds=0.05,
    )
    engine = int(wait_for(pid))
    # AWS took longer than an engine may think, and the engine has long been done.
    until(lambda: not running(engine) and time.monotonic() > begun + 0.1, "it has ended")
    assert [finding.rule for finding in judgement.findings()] == ["W1"]


REMARK = Remark(rule="W1", severity=Severity.WARNING, logical_id="", path="", message="m" * 5000, source="")


def test_a_damaged_entry_is_thrown_away(tmp_path: Path) -> None:
    verdicts, name = Verdicts(tmp_path), key("a")
    verdicts.store(name, [REMARK])
    (stored,) = tmp_path.rglob("*.json")
    for damage in ("", "{", "[]", '{"key": "another", "remarks": []}', '{"remarks": [{}]}', "\0" * 100, "[" * 9999):
        stored.write_text(damage, "utf-8")
        assert verdicts.read(name) is None
        assert not stored.exists()
        verdicts.store(name, [REMARK])
        assert verdicts.read(name) == (REMARK,)


def test_runs_beside_each_other_only_meet_whole_verdicts(tmp_path: Path) -> None:
    names = [key(str(number)) for number in range(3)]

    def run(number: int) -> list[object]:
        verdicts, seen = Verdicts(tmp_path), []
        for _ in range(100):
            for name in names:
                verdicts.store(name, [REMARK])
                seen.append(verdicts.read(name))
        return seen

    with ThreadPoolExecutor(8) as pool:
        seen = [each for found in pool.map(run, range(8)) for each in found]

    assert set(seen) == {(REMARK,)}
    assert sorted(path.suffix for path in tmp_path.rglob("*") if path.is_file()) == [".json"] * 3
