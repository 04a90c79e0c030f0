"""`changed`: which environments the working tree builds otherwise than a commit did."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from esmcfn import template
from esmcfn.domain.changed import AsBuilt, Changed, Difference, How
from esmcfn.domain.project import Project
from esmcfn.domain.stack import Selection
from esmcfn.errors import InputError

Select = Callable[[str], tuple[Project, Selection]]
"""Reads and selects an environment; raises InputError."""


def as_built(names: Iterable[str], select: Select) -> Mapping[str, AsBuilt]:
    """Every environment of a tree; one that cannot be built says why."""
    return {name: _built(name, select) for name in names}


def _built(name: str, select: Select) -> AsBuilt:
    try:
        project, selection = select(name)
        templates = template.synthesize_all(selection)
    except InputError as error:
        return AsBuilt(wrong=f"{error}, first {error.problems[0]}")
    environment, target = project.environment, selection.target
    # All that CloudFormation is given besides the template: where, under which tags, and protected or not.
    place = [environment.account, target.region, environment.termination_protection]
    return AsBuilt(
        account=environment.account,
        region=target.region,
        stacks={
            each.stack.name: json.dumps([each.digest, sorted(dict(each.stack.tags).items()), *place])
            for each in templates
        },
    )


def changed(base: str, commit: str, *, then: Mapping[str, AsBuilt], now: Mapping[str, AsBuilt]) -> Changed:
    """Compare two trees; what cannot be compared counts as changed."""
    found = {name: _difference(name, then.get(name), side) for name, side in now.items()}
    return Changed(
        base=base,
        commit=commit,
        differences=tuple(each for each in found.values() if each),
        vanished=tuple(sorted(set(then).difference(now))),
        unchanged=tuple(name for name, each in found.items() if each is None),
    )


def _difference(name: str, then: AsBuilt | None, now: AsBuilt) -> Difference | None:
    how, why = How.CHANGED, ""
    if now.wrong:
        how, why = How.INVALID, now.wrong
    elif then is None:
        how = How.ADDED
    elif then.wrong:
        how, why = How.UNKNOWN, f"it could not be built then: {then.wrong}"
    elif then.stacks == now.stacks:
        return None
    stacks = {} if why else _stacks(then.stacks if then else {}, now.stacks)
    return Difference(environment=name, how=how, account=now.account, region=now.region, stacks=stacks, why=why)


def _stacks(then: Mapping[str, str], now: Mapping[str, str]) -> Mapping[str, How]:
    removed = {name: How.REMOVED for name in then if name not in now}
    kept = {name: How.CHANGED if name in then else How.ADDED for name in now if then.get(name) != now[name]}
    return {**kept, **removed}
