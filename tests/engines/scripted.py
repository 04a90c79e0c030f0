"""An engine that is a small script, a real process, and what policy makes of its answer."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from awaited import until
from builders import a_base_stack

from esmcfn import policy
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.policy.engine import Adapter, Installation, Surroundings
from esmcfn.policy.process import Fault

TODAY = date(2026, 11, 21)

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
        today=TODAY,
        engines=(adapter,),
    ) as judgement:
        return judgement.findings()


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or " Z " not in Path(f"/proc/{pid}/stat").read_text("utf-8")


def wait_for(path: Path) -> str:
    return until(lambda: path.exists() and path.read_text("utf-8"), f"{path} is written") or ""
