"""The tools of this machine, as `doctor` tells them."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from esmcfn.domain.examination import Check, Health
from esmcfn.policy import checkov
from esmcfn.policy.engine import Surroundings
from esmcfn.policy.process import Fault

OLDEST_PYTHON = (3, 11)

LIBRARIES = ("boto3", "cfn-lint")
"""What esmcfn is installed with, and whose release matters."""

INSTALL_TOOLS = "esmcfn doctor --install-tools"


def tools(tool_version: str) -> Iterator[Check]:
    """Releases of everything that decides what is said, and whether it is there."""
    yield Check(name="tool", subject="esmcfn", health=Health.OK, said=tool_version)
    new_enough = sys.version_info >= OLDEST_PYTHON
    yield Check(
        name="tool",
        subject="python",
        health=Health.OK if new_enough else Health.FAILED,
        said=platform.python_version(),
        next_step="" if new_enough else f"install {'.'.join(map(str, OLDEST_PYTHON))} or newer",
    )
    yield from (_library(name) for name in LIBRARIES)
    yield _checkov()
    yield _git()


def _library(name: str) -> Check:
    try:
        return Check(name="tool", subject=name, health=Health.OK, said=version(name))
    except PackageNotFoundError:
        step = f"pip install {name}"
        return Check(name="tool", subject=name, health=Health.FAILED, said="it is not installed", next_step=step)


def _checkov() -> Check:
    found = checkov.find(Surroundings(region=""))
    if isinstance(found, Fault):
        said = f"it {found.reason}, so that every check blocks"
        return Check(name="tool", subject="checkov", health=Health.FAILED, said=said, next_step=INSTALL_TOOLS)
    return Check(name="tool", subject="checkov", health=Health.OK, said=found.version)


def _git() -> Check:
    if path := shutil.which("git"):
        return Check(name="tool", subject="git", health=Health.OK, said=path)
    said = "it is not on the PATH: `changed` and the authors of waivers need it"
    return Check(name="tool", subject="git", health=Health.WARNING, said=said, next_step="install git")
