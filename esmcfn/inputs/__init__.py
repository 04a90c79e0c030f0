"""YAML + Cerberus -> Project, with the file, line and column of every problem. The only room that reads YAML.

document      text -> plain values with places
field schema  what may stand where
judge         plain values against fields -> what is right, and problems
catalog environment policy values   what is right -> nouns
editors page  fields -> JSON schemas, and a page for people
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from esmcfn.domain.project import Catalog, Environment, Neighbour, Project
from esmcfn.errors import InputError, Problem
from esmcfn.inputs import environment as environments
from esmcfn.inputs import files
from esmcfn.inputs.catalog import catalog
from esmcfn.inputs.policy import policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A project as far as it could be read.

    Attributes:
        project: without what was wrong; `selection.select` judges the rest and raises everything at once.
        problems: everything that is wrong with the files by themselves.
    """

    project: Project
    problems: tuple[Problem, ...]


def load(root: Path, name: str) -> Loaded:
    """Read an environment with its catalog, its neighbours and the root's policy.

    Raises:
        InputError: there is no such environment, or its file is not a YAML mapping.
    """
    known = environment_names(root)
    if name not in known:
        misnamed = (root / environments.FOLDER / f"{name}.yml").is_file()
        raise InputError((environments.missing(name, known, misnamed=misnamed),))
    problems: list[Problem] = []
    in_force = policy(root, problems)
    document = files.document(root, f"{environments.FOLDER}/{name}.yaml")
    if document.top is None:
        raise InputError((*document.problems, *problems))
    environment, catalog_path = environments.environment(document, name, problems)
    project = Project(
        catalog=_catalog(root, environment, catalog_path, problems),
        environment=environment,
        neighbours=_neighbours(root, environment, known),
        policy=in_force,
    )
    return Loaded(project=project, problems=tuple(problems))


def environment_names(root: Path) -> tuple[str, ...]:
    """Every environment of the root, in order."""
    return files.names(root, environments.FOLDER)


def _catalog(root: Path, environment: Environment, written: str, problems: list[Problem]) -> Catalog:
    """The environment's catalog; where it cannot be read, none of the selectors is called unknown."""
    selectors = frozenset(model.selector for model in environment.selected_models)
    asked_at = environment.origins.of("catalog")
    path = files.joined(environment.path, written) if written else None
    if path is None:
        if written:
            message = f"catalog: {written} lies outside of the root"
            suggestion = "write a path relative to this file, such as ../catalogs/esm.yaml"
            problems.append(Problem(asked_at.path, asked_at.line, asked_at.column, message, suggestion))
        return Catalog(path=written, entries={}, unreadable=selectors)
    return catalog(files.document(root, path, asked_at=asked_at), problems, selectors=selectors)


def _neighbours(root: Path, environment: Environment, known: tuple[str, ...]) -> tuple[Neighbour, ...]:
    """The other environments of the same account: only their names can meet this one's."""
    if not environment.account:
        return ()
    others = (name for name in known if name != environment.name)
    found = (
        environments.neighbour(
            files.document(root, f"{environments.FOLDER}/{name}.yaml"), name, account=environment.account
        )
        for name in others
    )
    return tuple(neighbour for neighbour in found if neighbour)
