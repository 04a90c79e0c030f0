"""`choose`: of the plans of several runs, for each environment the one that this checkout builds to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from esmcfn import template
from esmcfn.domain.choice import Candidate, Choice
from esmcfn.domain.project import Project
from esmcfn.domain.stack import Selection
from esmcfn.errors import InputError

Select = Callable[[str], tuple[Project, Selection]]
"""Reads and selects an environment; raises InputError."""


def chosen(candidates: Sequence[Candidate], select: Select) -> tuple[Choice, ...]:
    """The first that fits of each environment; where none does the first that is a plan, so that a refusal names why.

    Args:
        candidates: the newest first.
    """
    by_name: dict[str, list[Candidate]] = {}
    for each in candidates:
        by_name.setdefault(each.environment, []).append(each)
    return tuple(_choice(found, _built(name, select)) for name, found in sorted(by_name.items()))


def _choice(found: Sequence[Candidate], built: Mapping[str, str] | str) -> Choice:
    judged = [(each, _why_not(each, built)) for each in found]
    fitting = next((number for number, (_, why) in enumerate(judged) if not why), None)
    if fitting is None:
        best = next((number for number, (each, _) in enumerate(judged) if each.plan), 0)
        passed = [pair for number, pair in enumerate(judged) if number != best]
    else:
        best, passed = fitting, judged[:fitting]
    taken, why = judged[best]
    return Choice(
        environment=taken.environment,
        file=taken.file,
        fits=not why,
        why=why,
        passed_over=tuple((each.file, said) for each, said in passed),
    )


def _built(name: str, select: Select) -> Mapping[str, str] | str:
    """Digests by the stacks' names; a sentence where it cannot be built."""
    try:
        _, selection = select(name)
        return {each.stack.name: each.digest for each in template.synthesize_all(selection)}
    except InputError as error:
        return f"the checkout cannot be built: {error}, first {error.problems[0]}"


def _why_not(candidate: Candidate, built: Mapping[str, str] | str) -> str:
    """Why this plan is not one of what the checkout builds; empty where it is."""
    plan = candidate.plan
    if plan is None:
        return candidate.wrong
    if isinstance(built, str):
        return built
    if plan.narrowed:
        return "it plans some of the models alone (--model)"
    planned = {stack["name"]: stack["template_digest"] for stack in plan.stacks if stack["action"] != "delete"}
    other = sorted(name for name in {*planned, *built} if planned.get(name) != built.get(name))
    return f"the checkout builds another template of {', '.join(other)}" if other else ""
