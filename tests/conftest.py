"""What every test stands on: no AWS environment, a home of its own, no colour, a fixed zone."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from esmcfn.signals import Signals

# The inner loop asks a property of few examples; the gate (`make test`) asks for more.
settings.register_profile("inner", max_examples=15, deadline=None)
settings.register_profile("gate", max_examples=100, deadline=None)
settings.load_profile("inner")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files; review the diff")
    parser.addoption("--live", action="store_true", help="run tests against a real account (allow-listed)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--live"):
        for item in items:
            if "live" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="needs --live and an allow-listed account"))


def pytest_collection_finish() -> None:
    """What was imported and collected lives until the end; the garbage collector need not look at it over and over."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _quiet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shell's variables without its AWS_*, its home folder, its colours and its options for esmcfn."""
    home: Path = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    shell = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ESMCFN_", "XDG_"))}
    kept = {name: os.environ[name] for name in ("ESMCFN_CHECKOV",) if name in os.environ}
    fixed = {"HOME": str(home), "TZ": "UTC", "NO_COLOR": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    return {**shell, **kept, **fixed}


@pytest.fixture(autouse=True)
def _quiet_world(_quiet: dict[str, str]) -> None:
    """Every test begins with the same variables, whatever the one before left behind."""
    wanted = {**_quiet, "PYTEST_CURRENT_TEST": os.environ["PYTEST_CURRENT_TEST"]}
    there = dict(os.environ)
    if there == wanted:
        return
    for name in there.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


STOPPING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")


@pytest.fixture
def hangups() -> Iterator[None]:
    """SIGHUP means what it does, also where these tests run under nohup; processes inherit it."""
    if hasattr(signal, "SIGHUP"):
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        signal.signal(signal.SIGHUP, before)
    else:
        yield


@pytest.fixture
def signals(hangups: None) -> Iterator[Signals]:
    """The handler of a process that is to be stopped; what stood before it stands again afterwards."""
    before = {number: signal.getsignal(number) for number in (getattr(signal, name) for name in STOPPING)}
    hook = sys.unraisablehook
    yield Signals.standing()
    signal.setitimer(signal.ITIMER_REAL, 0)
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)
