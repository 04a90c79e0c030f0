"""A tag that changes on many resources is said once, with the names of all that it is changed on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from esmcfn.domain.plan import Action, Change, Impact, StackPlan
from esmcfn.domain.review import SeenChange
from esmcfn.render.words import VALUE_LENGTH, counted, shortened

LEAST = 2
"""Resources whose tags change alike, from which on they are said together."""


class _Stack(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def changes(self) -> Sequence[Change | SeenChange]: ...


Changed = TypeVar("Changed", Change, SeenChange)


class Fold(Struct, frozen=True):
    """Resources whose tags change alike, and in nothing else.

    Attributes:
        tags: key, before and after; None where it does not exist.
        where: stack to logical ids.
        first: one of the changes, for the line of YAML.
    """

    tags: tuple[tuple[str, str | None, str | None], ...]
    where: tuple[tuple[str, tuple[str, ...]], ...]
    first: Change | SeenChange

    @property
    def count(self) -> str:
        """ "4 resources in 2 stacks"."""
        resources = counted(sum(len(names) for _, names in self.where), "resource")
        return f"{resources} in {counted(len(self.where), 'stack')}"

    def differences(self) -> Iterator[tuple[str, str, str]]:
        """Key, before and after as people read them."""
        return ((key, shortened(_some(before)), shortened(_some(after))) for key, before, after in self.tags)


def _some(value: str | None) -> str | None:
    """As much of a value as its line may need: it may have a megabyte."""
    return None if value is None else value[: 4 * VALUE_LENGTH]


def folds(stacks: Iterable[_Stack]) -> tuple[Fold, ...]:
    """What can be said together, in the order in which it comes."""
    found: dict[tuple[tuple[str, str | None, str | None], ...], list[tuple[str, Change | SeenChange]]] = {}
    for stack in stacks:
        for change in stack.changes:
            if tags := _tags(change):
                found.setdefault(tags, []).append((stack.name, change))
    return tuple(_fold(tags, told) for tags, told in found.items() if len(told) >= LEAST)


def rest(changes: Iterable[Changed], said: Sequence[Fold]) -> tuple[Changed, ...]:
    """The changes that no fold says."""
    together = {fold.tags for fold in said}
    return tuple(change for change in changes if _tags(change) not in together)


def quiet(stack: StackPlan, said: Sequence[Fold]) -> bool:
    """Do folds say all that there is to say of it?"""
    drifted = stack.drift is not None and bool(stack.drift.found)
    return bool(stack.changes) and not (rest(stack.changes, said) or stack.notes or drifted)


def _fold(tags: tuple[tuple[str, str | None, str | None], ...], told: list[tuple[str, Change | SeenChange]]) -> Fold:
    where: dict[str, list[str]] = {}
    for stack, change in told:
        where.setdefault(stack, []).append(change.logical_id)
    return Fold(tags, tuple((stack, tuple(names)) for stack, names in where.items()), told[0][1])


def _tags(change: Change | SeenChange) -> tuple[tuple[str, str | None, str | None], ...]:
    """What changes of its tags; empty where anything else changes, too, or callers may feel it."""
    if change.action is not Action.MODIFY or change.impact is not Impact.NONE or not change.properties:
        return ()
    if isinstance(change, Change) and (change.drift or change.unexplained or change.retained):
        return ()
    told = []
    for each in change.properties:
        above, _, key = each.path.partition("/")
        if above != "Tags" or not key or each.replaces or getattr(each, "reverts", False):
            return ()
        told.append((key, each.before, each.after))
    return tuple(told)
