"""What every test stands on: no AWS environment, a home of its own, no colour, a fixed zone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

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


@pytest.fixture(autouse=True)
def _quiet_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the shell's AWS_*, its home folder, its colours or its options for esmcfn."""
    kept = {"ESMCFN_CHECKOV"}
    for name in list(os.environ):
        if name.startswith(("AWS_", "ESMCFN_", "XDG_")) and name not in kept:
            monkeypatch.delenv(name)
    home: Path = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
