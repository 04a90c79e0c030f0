"""An environment with everything that belongs to it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from esmcfn.domain.project import Catalog, Environment, Neighbour, Project
from esmcfn.errors import InputError, Problem, shown
from esmcfn.inputs import environment as environments
from esmcfn.inputs import files
from esmcfn.inputs.catalog import catalog
from esmcfn.inputs.folders import ENVIRONMENTS, joined
from esmcfn.inputs.memory import Memory
from esmcfn.inputs.policy import policy


def project(root: Path, name: str, problems: list[Problem], *, known: tuple[str, ...], memory: Memory) -> Project:
    """Read as much as can be read, and add what is wrong to the problems.

    Args:
        known: every environment of the root.
        memory: which files were found right before.

    Raises:
        InputError: the environment's file is not a YAML mapping, so that nothing can be said about it.
    """
    in_force = policy(root, problems, memory, environment=name)
    document = files.document(root, f"{ENVIRONMENTS}/{name}.yaml", memory)
    if document.top is None:
        raise InputError((*document.problems, *problems))
    environment, catalog_path = environments.environment(document, name, problems)
    return Project(
        catalog=_catalog(root, environment, catalog_path, problems, memory),
        environment=environment,
        neighbours=_neighbours(root, environment, known, memory),
        environment_names=known,
        policy=replace(in_force, environment=environment, known=known),
    )


def _catalog(root: Path, environment: Environment, written: str, problems: list[Problem], memory: Memory) -> Catalog:
    """The environment's catalog; where it cannot be read, none of the selectors is called unknown."""
    selectors = frozenset(model.selector for model in environment.selected_models)
    asked_at = environment.origins.of("catalog")
    path = joined(environment.path, written) if written else None
    if path is None:
        if written:
            message = f"catalog: {shown(written)} lies outside of the root"
            suggestion = "write a path relative to this file, such as ../catalogs/esm.yaml"
            problems.append(Problem(asked_at.path, asked_at.line, asked_at.column, message, suggestion))
        return Catalog(path=written, entries={}, unreadable=selectors)
    return catalog(files.document(root, path, memory, asked_at=asked_at), problems, selectors=selectors)


def _neighbours(root: Path, environment: Environment, known: tuple[str, ...], memory: Memory) -> tuple[Neighbour, ...]:
    """The other environments of the same account: only their names can meet this one's."""
    if not environment.account:
        return ()
    others = (name for name in known if name != environment.name)
    found = (
        environments.neighbour(
            files.document(root, f"{ENVIRONMENTS}/{name}.yaml", memory), name, account=environment.account
        )
        for name in others
    )
    return tuple(neighbour for neighbour in found if neighbour)
