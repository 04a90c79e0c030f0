"""checkov: knows security practice. It is a tool in an environment that `esmcfn.policy.tools` makes.

Our own checks (policy/checks) and a root's (policies/checkov) run along; of two with the same id the root's
counts. They are YAML or JSON, so data: Python there is an error of the input, and the runner imports none.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from msgspec.structs import replace

from esmcfn.domain.finding import Engine, Level, Severity
from esmcfn.policy.cfnlint import resource_types
from esmcfn.policy.engine import RUNNERS, Adapter, Installation, Surroundings, by_hand, installed_version
from esmcfn.policy.process import Fault

VARIABLE = "ESMCFN_CHECKOV"
"""Names the folder of an environment that holds checkov, before any other place is looked at."""

INSTALL = "python -m esmcfn.policy.tools"
"""The command that makes the environment."""

REQUIREMENTS = RUNNERS / "checkov-requirements.txt"
STAMP = "esmcfn-requirements.sha256"
"""Written into an environment of our own making when it is complete: the digest of REQUIREMENTS."""

IDS = r"CKV2?(?:_[A-Z0-9]+)+"
"""What ids of its checks look like, and of a root's own."""

OURS = RUNNERS / "checks"
"""The folder of our own checks; `graph` says what they are about."""

DEFAULT = Level.SOFT
"""What a finding of its checks is worth where policy does not say: it ranks nothing without a platform key."""

SCRATCH = "esmcfn-scratch"
"""Folder of an environment where checkov's HCL parser keeps its grammar: making it takes half a second."""


def find(surroundings: Surroundings) -> Installation | Fault:
    """The checkov that ESMCFN_CHECKOV names, else the one of our own making."""
    found = _found(surroundings)
    if isinstance(found, Fault):
        return found
    return replace(found, question={**found.question, **surroundings.levels_of(IDS)})


def _found(surroundings: Surroundings) -> Installation | Fault:
    named = os.environ.get(VARIABLE, "")
    if named:
        found = installation(Path(named), surroundings.checks)
        return found or Fault(f"is not installed in {VARIABLE}={named}", mend=f"unset {VARIABLE}; {INSTALL}")
    environment = (surroundings.tools or tools_folder()) / "checkov"
    found = installation(environment, surroundings.checks)
    if found is None:
        return Fault("is not installed", mend=INSTALL)
    return found if complete(environment) else Fault("is not the one that this esmcfn pins", mend=INSTALL)


def installation(environment: Path, checks: Path | None = None) -> Installation | None:
    """The checkov of an environment, None where it holds none."""
    environment = Path(os.path.abspath(environment))  # it is started from another folder
    python, version = interpreter(environment), _version(environment)
    if version is None or not python.exists():
        return None
    return Installation(
        version=version,
        # -I: neither the current folder nor the user's PYTHON variables decide what is imported.
        command=(str(python), "-I", "-X", "utf8", str(RUNNERS / "checkov_runner.py")),
        question={**_root_s(checks), **_checks("ours", OURS)},
        scratch=environment / SCRATCH,
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
    """checkov judges by practice: a person may sign for each."""
    del severity
    return DEFAULT


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


def _root_s(folder: Path | None) -> dict[str, str]:
    """The root's own checks, and the resource types that there are: one that is misspelt would match nothing."""
    found = _checks("checks", folder)
    types = resource_types() if found else None
    return {**found, "types": str(types)} if types else found


def _checks(name: str, folder: Path | None) -> dict[str, str]:
    """A folder of checks, with a digest of their text: an edited check judges anew."""
    if folder is None or not folder.is_dir():
        return {}
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".yaml", ".yml", ".json"}:
            whole.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return {name: str(folder.resolve()), f"{name}_digest": whole.hexdigest()}


CHECKOV = Adapter(
    engine=Engine.CHECKOV,
    fault_rule="ESMCFN-CHECKOV",
    mend=f"{INSTALL} --force",
    by_hand=by_hand(f"checkov --framework cloudformation -d built ({INSTALL} says where checkov is)"),
    find=find,
    level=level,
)
