"""YAML + Cerberus -> Project, with the file, line and column of every problem. The only room that reads YAML.

folders       which files there are
files         a file of the root, and of nowhere else
shown         what people wrote, fit to stand in a message
document      text -> plain values with places
field schema  what may stand where
judge         plain values against fields -> what is right
complaints    Cerberus, and what its errors mean -> problems
memory        which files were found right before
catalog environment rulebook policy waivers values project    what is right -> nouns
editors page  fields -> JSON schemas, and a page for people
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from esmcfn.domain.finding import Level
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Check, Policy, Project
from esmcfn.errors import LONGEST, UNTOUCHED, InputError, Problem, did_you_mean, shown
from esmcfn.inputs.folders import ENVIRONMENTS, misnamed, names, renamed, unreadable

ANOTHER = f"name an environment that is there; {UNTOUCHED}"


class Loaded(Struct, frozen=True, kw_only=True):
    """A project as far as it could be read.

    Attributes:
        project: without what was wrong; `selection.select` judges the rest and raises everything at once.
        problems: everything that is wrong with the files by themselves.
    """

    project: Project
    problems: tuple[Problem, ...]


def load(root: Path, name: str, *, cache: Path | None = None) -> Loaded:
    """Read an environment with its catalog, its neighbours and the root's policy.

    Args:
        cache: folder that remembers which files were right; None to judge all of them.

    Raises:
        InputError: there is no such environment, or its file is not a YAML mapping.
    """
    known = environment_names(root)
    if name not in (readable := names(root, ENVIRONMENTS)):
        raise InputError((_missing(root, name, readable),), next_step=ANOTHER)
    from esmcfn.inputs.memory import Memory
    from esmcfn.inputs.project import project  # YAML and Cerberus: what completes names has no time for them

    twins = [other for other in misnamed(root, ENVIRONMENTS) if other.rpartition(".")[0] == name]
    problems = [renamed(root, ENVIRONMENTS, other) for other in twins]
    found = project(root, name, problems, known=known, memory=Memory(cache))
    return Loaded(project=found, problems=tuple(problems))


def levels(root: Path) -> Mapping[str, Level]:
    """Levels in force everywhere, by rule, as far as the root's policies can be read; `load` says what is wrong."""
    from esmcfn.inputs.memory import Memory
    from esmcfn.inputs.policy import policy

    return policy(root, [], Memory(None)).levels


def own_checks(root: Path) -> Mapping[str, Check]:
    """The root's own checks by id, as far as they can be read, without copies of the package's."""
    from esmcfn.inputs.memory import Memory
    from esmcfn.inputs.policy import policy

    return policy(root, [], Memory(None)).checks


def in_force(root: Path, name: str) -> Policy:
    """What a root's policies say for an environment, whatever else is wrong with the root.

    Raises:
        InputError: they cannot be read.
    """
    from esmcfn.inputs.memory import Memory
    from esmcfn.inputs.policy import policy as read

    problems: list[Problem] = []
    found = read(root, problems, Memory(None), environment=name)
    if problems:
        raise InputError(tuple(problems))
    return found


def lines(root: Path) -> Callable[[Origin], str]:
    """What stands on a line of a file of the root; empty where it cannot be read."""
    from functools import cache

    @cache
    def of(path: str) -> list[str]:
        if not (root / path).resolve().is_relative_to(root.resolve()):
            return []
        with suppress(OSError, ValueError):
            return (root / path).read_text("utf-8-sig").splitlines()
        return []

    def line(origin: Origin) -> str:
        found = of(origin.path)
        return found[origin.line - 1] if 0 < origin.line <= len(found) else ""

    return line


def environment_names(root: Path) -> tuple[str, ...]:
    """Every environment of the root, in order; one whose file is misnamed as well, since it is told when it is read."""
    wrong = (name.rpartition(".")[0] for name in misnamed(root, ENVIRONMENTS))
    return tuple(sorted({*names(root, ENVIRONMENTS), *wrong}))


def _missing(root: Path, name: str, known: tuple[str, ...]) -> Problem:
    """An environment that nobody wrote, or wrote under another ending; or a root that is nowhere."""
    said = shown(name)
    if not root.is_dir():
        said = shown(str(root))
        return Problem(said, 0, 0, "there is no such folder", "--root or ESMCFN_ROOT names the one with environments/")
    if why := unreadable(root, ENVIRONMENTS):
        return Problem(f"{ENVIRONMENTS}/", 0, 0, f"the folder cannot be read: {why}")
    if wrong := next((other for other in misnamed(root, ENVIRONMENTS) if other.rpartition(".")[0] == name), ""):
        near = f"rename {shown(wrong)} to {said}.yaml"
    elif known:
        near = did_you_mean(name[:LONGEST], known) or f"there are {', '.join(map(shown, known))}"
    else:
        near = "esmcfn init writes a first one; --root names the folder"
    return Problem(f"{ENVIRONMENTS}/", 0, 0, f"there is no environment {said}", near)
