"""checkov: knows security practice. It is a tool in an environment that `esmcfn.policy.tools` makes."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from esmcfn.domain.finding import Engine, Level, Severity
from esmcfn.policy.engine import RUNNERS, Adapter, Installation, Surroundings, installed_version
from esmcfn.policy.process import Fault

VARIABLE = "ESMCFN_CHECKOV"
"""Names the folder of an environment that holds checkov, before any other place is looked at."""

REQUIREMENTS = RUNNERS / "checkov-requirements.txt"
STAMP = "esmcfn-requirements.sha256"
"""Written into an environment of our own making when it is complete: the digest of REQUIREMENTS."""


def find(surroundings: Surroundings) -> Installation | Fault:
    """The checkov that ESMCFN_CHECKOV names, else the one of our own making."""
    named = os.environ.get(VARIABLE, "")
    environment = Path(named) if named else (surroundings.tools or tools_folder()) / "checkov"
    if not interpreter(environment).exists():
        return Fault(f"is not installed in {VARIABLE}={named}" if named else "is not installed")
    if not named and not complete(environment):
        return Fault("is not the one that this esmcfn pins")
    version = _version(environment)
    if version is None:
        return Fault(f"is not installed in {VARIABLE}={named}" if named else "is not installed")
    return Installation(
        version=version,
        command=(str(interpreter(environment)), "-I", "-X", "utf8", str(RUNNERS / "checkov_runner.py")),
        question=_checks(surroundings.checks),
    )


def tools_folder() -> Path:
    """Where tools get their environments: inside our own virtual environment, so that they go when it goes.

    Without a virtual environment it is the user's data folder: sys.prefix then belongs to the system.
    """
    if sys.prefix != sys.base_prefix:
        return Path(sys.prefix) / "esmcfn-tools"
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return Path(data) / "esmcfn" / "tools"


def interpreter(environment: Path) -> Path:
    """The Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def complete(environment: Path) -> bool:
    """Was it installed to the end, from the very requirements of this package?"""
    try:
        return (environment / STAMP).read_text("utf-8") == requirements_digest()
    except OSError:
        return False


def requirements_digest() -> str:
    """The digest that a complete environment carries."""
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def level(severity: Severity) -> Level:
    """checkov judges by practice, and without a platform key it ranks nothing: a person may sign for each."""
    del severity
    return Level.SOFT


def _version(environment: Path) -> str | None:
    libraries = environment / ("Lib" if os.name == "nt" else "lib")
    for folder in (
        libraries,
        *(libraries / name for name in _listed(libraries) if name.startswith("python")),
    ):
        version = installed_version(folder / "site-packages", "checkov")
        if version:
            return version
    return None


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _checks(folder: Path | None) -> dict[str, str]:
    """The root's own checks, with a digest of their text: an edited check judges anew."""
    if folder is None or not folder.is_dir():
        return {}
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".py", ".yaml", ".yml", ".json"}:
            whole.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return {"checks": str(folder.resolve()), "checks_digest": whole.hexdigest()}


CHECKOV = Adapter(
    engine=Engine.CHECKOV,
    fault_rule="ESMCFN-CHECKOV",
    mend="python -m esmcfn.policy.tools",
    find=find,
    level=level,
)
