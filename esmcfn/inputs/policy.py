"""policies/*.yaml over the package's own defaults -> Policy."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from esmcfn.domain.finding import Level
from esmcfn.domain.project import Policy
from esmcfn.errors import Problem, did_you_mean, shown
from esmcfn.inputs import files, schema
from esmcfn.inputs.document import Document, Plain, parse
from esmcfn.inputs.folders import POLICIES, names
from esmcfn.inputs.judge import fitting
from esmcfn.inputs.memory import Memory
from esmcfn.inputs.path import labelled
from esmcfn.inputs.values import Values

CHECKS = f"{POLICIES}/checks"
"""Rules of the root's own; which engine reads them is not our business, that they changed is."""

_DEFAULTS = Path(__file__).parents[1] / "policy" / "defaults.yaml"


def policy(root: Path, problems: list[Problem], memory: Memory) -> Policy:
    """Levels and limits in force; each name may be overridden once."""
    defaults = _defaults()
    levels: dict[str, Level] = {rule: Level(level) for rule, level in Values(defaults).text_mapping("levels").items()}
    limits = dict(_numbers(Values(defaults).mapping("limits")))
    known = frozenset(limits)
    said: dict[tuple[str, str], str] = {}
    for name in names(root, POLICIES):
        document = files.document(root, f"{POLICIES}/{name}.yaml", memory)
        problems.extend(document.problems)
        values = Values(fitting(document, schema.POLICY, problems))
        problems.extend(_repeated(document, values, said))
        problems.extend(_unknown_limits(document, values, known))
        levels.update({rule: Level(level) for rule, level in values.text_mapping("levels").items()})
        limits.update({limit: number for limit, number in _numbers(values.mapping("limits")) if limit in known})
    return Policy(levels=levels, limits=limits, digest=_digest(root, levels, limits, problems))


def _defaults() -> Mapping[str, Plain]:
    """What the package ships; its own tests hold it right."""
    return parse(_DEFAULTS.name, _DEFAULTS.read_text(encoding="utf-8")).top or {}


def _numbers(limits: Mapping[str, Plain]) -> Iterator[tuple[str, int]]:
    return ((limit, number) for limit, number in limits.items() if isinstance(number, int))


def _repeated(document: Document, values: Values, said: dict[tuple[str, str], str]) -> Iterator[Problem]:
    """Names that two files set: which of them should count?"""
    for section in schema.POLICY.fields:
        for name in values.mapping(section):
            first = said.setdefault((section, name), document.path)
            if first != document.path:
                message = f"{labelled((section, name))}: already set in {shown(first)}"
                yield document.problem((section, name), message, "remove one of them")


def _unknown_limits(document: Document, values: Values, known: frozenset[str]) -> Iterator[Problem]:
    for limit in values.mapping("limits"):
        if limit not in known:
            near = did_you_mean(limit, known) or f"limits are {', '.join(sorted(known))}"
            yield document.problem(("limits", limit), f"limits.{shown(limit)}: no rule knows this limit", near)


def _digest(root: Path, levels: Mapping[str, Level], limits: Mapping[str, int], problems: list[Problem]) -> str:
    said = json.dumps({"levels": levels, "limits": limits}, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(said.encode())
    for relative in _checks(root):
        path = root / relative
        if not path.resolve().is_relative_to(root.resolve()):
            problems.append(Problem(relative, 1, 1, "the file lies outside of the root"))
            continue
        try:
            content = path.read_bytes()
        except OSError as error:
            problems.append(Problem(relative, 1, 1, f"the file cannot be read: {error.strerror}"))
            continue
        digest.update(os.fsencode(f"\0{relative}\0{len(content)}\0") + content)
    return f"sha256:{digest.hexdigest()}"


def _checks(root: Path) -> list[str]:
    """Files of the root's own rules, in order."""
    return sorted(
        os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
        for folder, _, found in os.walk(root / CHECKS)
        for name in found
        if not name.endswith(".pyc") and os.path.isfile(os.path.join(folder, name))
    )
