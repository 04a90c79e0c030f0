"""`esmcfn init --lock`: asks pip, and so the index that pip is set up with, what a runner would install."""

from __future__ import annotations

from collections.abc import Iterator

PATIENCE_SECONDS = 300.0


def locked() -> str:
    """The file of dependencies with digests, by the versions that this installation runs with.

    Raises:
        UsageError: pip is not there, does not answer, or tells no digest.
    """
    import json
    import subprocess
    import sys
    from importlib.metadata import PackageNotFoundError, requires
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from esmcfn.errors import UsageError
    from esmcfn.scaffold.locking import UnlockedError, asked, needed, text

    step = "it asks the package index: see pip's own settings, or leave --lock out"
    try:
        requirements = tuple(needed(requires("esmcfn") or ()))
    except PackageNotFoundError as error:
        raise UsageError("this esmcfn is not installed, so that nobody knows what it needs", next_step=step) from error
    with TemporaryDirectory(prefix="esmcfn-") as name:
        constraints, report = Path(name) / "constraints.txt", Path(name) / "report.json"
        constraints.write_text("".join(f"{each}\n" for each in sorted(set(_running()))), encoding="utf-8")
        # -I: nothing of the folder where this runs is taken for a module of Python's.
        words = (
            sys.executable,
            "-I",
            "-m",
            "pip",
            *asked(requirements, constraints=str(constraints), report=str(report)),
        )
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
            if done.returncode != 0:
                said = [
                    line for line in done.stderr.splitlines() if line.startswith("ERROR")
                ] or done.stderr.splitlines()
                raise UsageError(
                    f"pip could not tell what to pin: {' '.join(said[-2:]) or 'it said nothing'}", next_step=step
                )
            return text(json.loads(report.read_text(encoding="utf-8")))
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            why = str(error) if isinstance(error, UnlockedError) else f"pip gave no answer: {error}"
            raise UsageError(why, next_step=step) from error


def _running() -> Iterator[str]:
    """Every installed version, as pip is told; what builds is as old as this Python, and the runner's is another."""
    from importlib.metadata import distributions

    from esmcfn.scaffold.locking import BUILDING

    for each in distributions():
        name = each.metadata["Name"]
        if name and name.casefold() not in {"esmcfn", *BUILDING}:
            yield f"{name}=={each.version}"
