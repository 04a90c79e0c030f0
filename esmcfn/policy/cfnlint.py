"""cfn-lint: knows the schema of every resource type. It is a library of ours, run in a process of its own."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

from esmcfn.domain.finding import Engine, Level, Severity
from esmcfn.policy.engine import RUNNERS, Adapter, Installation, Surroundings, by_hand, installed_version
from esmcfn.policy.process import Fault

IDS = r"[EWI]\d{4}"
"""What ids of its rules look like."""


def find(surroundings: Surroundings) -> Installation | Fault:
    """The cfn-lint that this interpreter would import."""
    spec = PathFinder.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        return Fault("is not installed", uninstalled=True)
    version = installed_version(Path(spec.origin).parents[1], "cfn_lint") or _slow_version()
    if version is None:
        return Fault("is not installed as a package", uninstalled=True)
    return Installation(
        version=version,
        # -I: neither the current folder nor the user's PYTHON variables decide what is imported.
        command=(sys.executable, "-I", "-X", "utf8", str(RUNNERS / "cfnlint_runner.py")),
        question={
            "region": surroundings.region,
            "informational": ",".join(surroundings.informational),
            **surroundings.levels_of(IDS),
        },
    )


def resource_types() -> Path | None:
    """A folder with a file a region, whose keys are the resource types there; None where cfn-lint keeps no such."""
    spec = PathFinder.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / "data" / "schemas" / "providers"
    return found if (found / "us-east-1.json").is_file() else None


def _slow_version() -> str | None:
    from importlib import metadata

    try:
        return metadata.version("cfn-lint")
    except metadata.PackageNotFoundError:
        return None


def level(severity: Severity) -> Level:
    """An error is what CloudFormation would refuse; the rest is advice."""
    return Level.HARD if severity is Severity.ERROR else Level.ADVISORY


CFN_LINT = Adapter(
    engine=Engine.CFN_LINT,
    fault_rule="ESMCFN-CFN-LINT",
    mend="python -m pip install --force-reinstall cfn-lint",
    by_hand=by_hand("cfn-lint -- built/*.json"),
    find=find,
    level=level,
)
