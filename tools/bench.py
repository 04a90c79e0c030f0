"""Measure esmcfn against the floor, Click and checkov in one run, and write docs/performance.md.

    make bench

Whole processes, compiled bytecode on every side, timed by pyperf, and ratios of processes that ran in turn: seconds
from two machines, or from two minutes of a busy one, say nothing about each other.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pyperf

from esmcfn.policy.checkov import interpreter, tools_folder

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
PYTHON = sys.executable
ESMCFN = (str(Path(PYTHON).with_name("esmcfn")),)
RUNS = 7

FLOOR = (
    "import click, yaml, troposphere, boto3; "
    "session = boto3.Session(aws_access_key_id='x', aws_secret_access_key='x', region_name='us-east-2'); "
    "session.client('cloudformation'); session.client('sts')"
)

COST_IMPORTS = (
    "import esmcfn.cli.cost, esmcfn.cli.compose, esmcfn.inputs.project, esmcfn.verbs.cost.pricing, esmcfn.render.text"
)
"""What `cost` imports before it reads anything."""

SANDBOX_IMPORTS = "import esmcfn.sandbox.server"
"""What the sandbox's server imports before it listens."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured.

    Attributes:
        cold: forget all verdicts before each run.
        codes: exit codes with which it may end.
    """

    name: str
    command: tuple[str, ...]
    cold: bool = False
    codes: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Measured:
    """One command: wall seconds of whole processes, a run each, and the MiB of its largest process at its peak."""

    name: str
    runs: tuple[float, ...]
    peak_mib: float

    @property
    def seconds(self) -> float:
        """The median of its runs."""
        return median(self.runs)

    def over(self, other: Measured) -> float:
        """The median ratio of its runs to another's, which ran in turn with them: what slowed one slowed both."""
        return median(mine / theirs for mine, theirs in zip(self.runs, other.runs, strict=True))


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio, and what it is not to exceed."""

    what: str
    ratio: float
    most: float


class Bench:
    """A folder of roots, and the environment that every command runs in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        kept = {key: os.environ[key] for key in ("HOME", "LANG", "PATH") if key in os.environ}
        xdg = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG")}
        self.environment: Mapping[str, str] = {
            **kept,
            **xdg,
            "NO_COLOR": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def root(self, models: int, environments: Sequence[str] = ("dev",)) -> Path:
        """A root whose environments each select the shipped catalog entry so many times."""
        root = self.folder / f"root-{models}-{len(environments)}"
        if not root.exists():
            (root / "environments").mkdir(parents=True)
            shutil.copytree(ROOT / "catalogs", root / "catalogs")
            selected = "".join(f"  model_{number}:\n    selector: ESMC-300M\n" for number in range(models))
            for name in environments:
                (root / "environments" / f"{name}.yaml").write_text(
                    f"environment: {name}\naccount: sandbox\nregion: us-east-2\ncatalog: ../catalogs/esm.yaml\n"
                    f"selected_models:\n{selected}",
                    encoding="utf-8",
                )
        return root

    def run(self, *command: str, codes: tuple[int, ...] = (0,)) -> None:
        """Run a command once, unmeasured; whatever it prints goes into its error."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode not in codes:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def measure(self, *cases: Case) -> list[Measured]:
        """Several whole processes of each, in turn, after one of each that warms up."""
        peaks = [self._warmed(case) for case in cases]
        runs = [[self._once(case) for case in cases] for _ in range(RUNS)]
        taken = zip(*runs, strict=True)
        return [Measured(case.name, times, peak) for case, times, peak in zip(cases, taken, peaks, strict=True)]

    def _warmed(self, case: Case) -> float:
        """The peak in MiB of a run that nobody times."""
        print(f"· {case.name}", file=sys.stderr)
        self.run(*case.command, codes=case.codes)
        if case.cold:
            shutil.rmtree(self.cache)
        return self._peak(case.command)

    def _once(self, case: Case) -> float:
        shell = ("sh", "-c", '"$@" >/dev/null 2>&1 || true', "sh")
        if case.cold:
            shutil.rmtree(self.cache, ignore_errors=True)
        measured = self.folder / "run.pyperf"
        measured.unlink(missing_ok=True)
        options = (
            *("--processes", "1", "--values", "1", "--warmups", "0", "--loops", "1", "--quiet"),
            *("--inherit-environ", ",".join(self.environment), "--name", case.name, "-o", str(measured)),
        )
        command = case.command if case.codes == (0,) else (*shell, *case.command)
        self.run(PYTHON, "-m", "pyperf", "command", *options, "--", *command)
        return float(pyperf.Benchmark.load(str(measured)).median())

    def verb(self, name: str, root: Path, *words: str, cold: bool = False) -> Case:
        """A verb on a root."""
        return Case(name, (*ESMCFN, "--root", str(root), *words), cold=cold)

    def _peak(self, command: Sequence[str]) -> float:
        with (self.folder / "output").open("wb") as sink:
            process = subprocess.Popen(command, env=self.environment, stdout=sink, stderr=sink)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_maxrss / 1024


def main() -> None:
    """Measure everything and write the page."""
    _compile()
    with tempfile.TemporaryDirectory(prefix="esmcfn-bench-") as folder:
        bench = Bench(Path(folder))
        try:
            PAGE.write_text(_page(*_measured(bench)), encoding="utf-8")
        finally:
            for root in Path(folder).glob("root-*"):
                bench.run(*ESMCFN, "--root", str(root), "sandbox", "stop")
    print(PAGE.relative_to(ROOT))


Figures = tuple[list[Measured], list[Goal]]
"""Rows of the page's first table, and of its second."""


def _measured(bench: Bench) -> Figures:
    one, hundred, many = bench.root(1), bench.root(100), bench.root(500)
    groups = [
        _starts(bench, one),
        _builds(bench, one, hundred, many),
        _checks(bench),
        _unchanged(bench, one, hundred),
        _reports(bench, hundred, many),
        _deployments(bench, one),
    ]
    rows = [row for group, _ in groups for row in group]
    planned = max(row.peak_mib for row in rows if row.name.startswith("plan"))
    peak = Goal("peak MiB of plan / 200", planned / 200, 1.0)
    return rows, [*(goal for _, group in groups for goal in group), peak]


def _floor(beside: str) -> Case:
    return Case(f"the floor, in turn with {beside}", (PYTHON, "-c", FLOOR))


def _starts(bench: Bench, one: Path) -> Figures:
    """How long a person waits who has just installed it."""
    click, helped = bench.measure(
        Case("python -c 'import click'", (PYTHON, "-c", "import click")), Case("esmcfn --help", (*ESMCFN, "--help"))
    )
    sandbox = (*ESMCFN, "--root", str(one), "sandbox")
    stop = shlex.join((*sandbox, "stop"))
    imported, started = bench.measure(
        Case("the imports of the sandbox", (PYTHON, "-c", SANDBOX_IMPORTS)),
        Case("sandbox stop, then start", ("sh", "-c", f'{stop}; exec "$@"', "sh", *sandbox, "start")),
    )
    return [click, helped, imported, started], [Goal("--help / import click", helped.over(click), 2.0)]


def _builds(bench: Bench, one: Path, hundred: Path, many: Path) -> Figures:
    builds = bench.measure(
        *(
            bench.verb(f"build, {count} models", root, "build", "dev")
            for count, root in ((1, one), (100, hundred), (500, many))
        )
    )
    return builds, [Goal("build, 500 models / 100 models", builds[2].over(builds[1]), 5.0)]


def _checks(bench: Bench) -> Figures:
    """A first plan and a check of three environments, against checkov's own command line on the same templates."""
    one, three = bench.root(1), bench.root(5, ("dev", "staging", "prod"))
    alone, first = bench.measure(
        _checkov_alone(bench, "its own command line", one),
        bench.verb("plan, nothing judged before", one, "plan", "dev", cold=True),
    )
    alone_three, cold = bench.measure(
        _checkov_alone(bench, "the templates of 3 x 5 models", three),
        bench.verb("check --all, 3 x 5 models, nothing judged before", three, "check", "--all", cold=True),
    )
    floor, warm = bench.measure(
        _floor("check"), bench.verb("check --all, 3 x 5 models, all judged before", three, "check", "--all")
    )
    return [alone, first, alone_three, cold, floor, warm], [
        Goal("first plan / checkov's own command line", first.over(alone), 0.5),
        Goal("check of 3 x 5 models, cold / checkov's own command line", cold.over(alone_three), 0.6),
        Goal("check of 3 x 5 models, warm / the floor", warm.over(floor), 1.0),
    ]


def _checkov_alone(bench: Bench, what: str, root: Path) -> Case:
    built = bench.folder / f"built-{root.name}"
    bench.run(*ESMCFN, "--root", str(root), "build", "--all", "--out", str(built))
    checkov = str(interpreter(tools_folder() / "checkov").with_name("checkov"))
    return Case(f"checkov -d, {what}", (checkov, "-d", str(built), "--skip-download"), codes=(0, 1))


def _unchanged(bench: Bench, one: Path, hundred: Path) -> Figures:
    for root in (one, hundred):
        print(f"· deploying {root.name}", file=sys.stderr)
        bench.run(*ESMCFN, "--root", str(root), "deploy", "dev", "--yes")
    floor, same, same_hundred = bench.measure(
        _floor("plan"),
        bench.verb("plan, 1 model, nothing to do", one, "plan", "dev"),
        bench.verb("plan, 100 models, nothing to do", hundred, "plan", "dev"),
    )
    return [floor, same, same_hundred], [
        Goal("plan of an unchanged environment / the floor", same.over(floor), 1.0),
        Goal("plan with nothing to do, 100 models / 1 model", same_hundred.over(same), 2.0),
    ]


def _reports(bench: Bench, hundred: Path, many: Path) -> Figures:
    """Drift and audit of what `_unchanged` deployed, and a price."""
    imported, priced = bench.measure(
        Case("the imports of cost", (PYTHON, "-c", COST_IMPORTS)),
        bench.verb("cost --offline, 500 models", many, "cost", "dev", "--offline"),
    )
    audited, drift = bench.measure(
        bench.verb("audit, 100 endpoints", hundred, "audit", "dev", "--no-bill"),
        bench.verb("drift, 100 models, nothing changed", hundred, "drift", "dev", "--strict"),
    )
    return [imported, priced, audited, drift], [
        Goal("cost of 500 models after imports / 0.3 s", (priced.seconds - imported.seconds) / 0.3, 1.0),
        Goal("drift of 100 models / 30 s", drift.seconds / 30, 1.0),
    ]


def _deployments(bench: Bench, one: Path) -> Figures:
    """An update that takes AWS three seconds, again and again, and fifty models at once."""
    file, other = one / "environments" / "dev.yaml", bench.folder / "other.yaml"
    text = file.read_text(encoding="utf-8")
    other.write_text(text.replace("ESMC-300M", "ESMC-300M\n    instance_type: ml.g5.4xlarge"), encoding="utf-8")
    swap = f'mv "{file}" "{file}.was"; mv "{other}" "{file}"; mv "{file}.was" "{other}"'
    deploy = (*ESMCFN, "--root", str(one), "deploy", "dev", "--yes")
    bench.run(*ESMCFN, "--root", str(one), "sandbox", "clock", "endpoint_seconds=3")
    (update,) = bench.measure(
        Case("deploy, an update that takes AWS 3 s", ("sh", "-c", f'{swap}; exec "$@"', "sh", *deploy))
    )
    bench.run("sh", "-c", swap)
    done = subprocess.run((*deploy, "-f", "json"), env=bench.environment, capture_output=True, text=True, check=True)
    aws = sum(stack["seconds"] for stack in json.loads(done.stdout)["stacks"])
    fifty = bench.root(50)
    (plan,) = bench.measure(bench.verb("plan, 50 models, all new", fifty, "plan", "dev"))
    began = time.monotonic()
    bench.run(*ESMCFN, "--root", str(fifty), "deploy", "dev", "--yes")
    at_once = Measured("deploy, 50 new models at once (one run)", (time.monotonic() - began,), 0)
    return [update, plan, at_once], [
        Goal("an update that takes AWS 3 s, end to end / 6 s", update.seconds / 6, 1.0),
        Goal("what deploy adds to AWS's own time / 3 s", (update.seconds - aws) / 3, 1.0),
        Goal("deploy of 50 new models at once / 60 s", at_once.seconds / 60, 1.0),
    ]


def _page(rows: list[Measured], goals: list[Goal]) -> str:
    python = platform.python_version()
    machine = f"{_processor()}, {os.cpu_count()} of them, {platform.machine()}, {platform.system()}, Python {python}"
    lines = [
        "# Performance",
        "",
        "Written by `make bench`; not edited by hand. Whole processes with compiled bytecode, medians of "
        f"{RUNS} runs each, on {datetime.now(UTC):%Y-%m-%d}, {machine}.",
        "Compare the ratios, not the seconds, which come from one machine: what a ratio compares ran in turn, and the",
        "ratio is the median over the turns.",
        "",
        "The floor is a script that imports Click, PyYAML, troposphere and boto3 and makes two clients.",
        "Plans run against the sandbox, a server of its own that was already running.",
        "",
        "| command | seconds | MiB of the largest process |",
        "| --- | --- | --- |",
        *(
            f"| {row.name} | {row.seconds:.3f} | {f'{row.peak_mib:.0f}' if row.peak_mib else 'not measured'} |"
            for row in rows
        ),
        "",
        "| ratio | measured | goal, at most | |",
        "| --- | --- | --- | --- |",
        *(
            f"| {goal.what} | {goal.ratio:.2f} | {goal.most:.1f} | {'met' if goal.ratio <= goal.most else 'missed'} |"
            for goal in goals
        ),
        "",
    ]
    return "\n".join(lines)


def _processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else "an unnamed processor"


def _compile() -> None:
    """Bytecode for both environments: a tool without it starts two to three times slower."""
    compile_all: Callable[[str], object] = lambda folder: subprocess.run(  # noqa: E731
        [PYTHON, "-m", "compileall", "-q", folder],
        env={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        check=False,
    )
    for folder in (ROOT / "esmcfn", Path(sys.prefix) / "lib"):
        compile_all(str(folder))


if __name__ == "__main__":
    main()
