"""policies/*.yaml over the package's own defaults -> Policy."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct, field

from esmcfn.domain.finding import Level
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Policy
from esmcfn.errors import Problem, did_you_mean, shown
from esmcfn.inputs import files, rulebook
from esmcfn.inputs.checks import CHECKS, checks
from esmcfn.inputs.document import Document, parse
from esmcfn.inputs.folders import POLICIES, misplaced, names
from esmcfn.inputs.judge import fitting
from esmcfn.inputs.memory import Memory
from esmcfn.inputs.path import labelled
from esmcfn.inputs.pricing import DISCOUNTS, PRICES, prices
from esmcfn.inputs.scalar import Plain
from esmcfn.inputs.values import Values
from esmcfn.inputs.waivers import NAME as WAIVERS
from esmcfn.inputs.waivers import waivers

__all__ = ["CHECKS", "policy", "programs"]

_DEFAULTS = Path(__file__).parents[1] / "policy" / "defaults.yaml"
_MAPPINGS = ("levels", "limits", "quotas")
_ALLOWED = ("allowed_instance_types", "allowed_registries")
_LISTS = ("allowed_instance_types", "allowed_registries", "required_tags", "production")


def policy(root: Path, problems: list[Problem], memory: Memory, *, environment: str = "") -> Policy:
    """What is in force for an environment, by its name; each name of a section may be overridden once."""
    said = _Said()
    said.add(Values(_defaults()))
    known = frozenset(said.mappings["limits"])
    first: dict[tuple[str, ...], str] = {}
    places: dict[str, Origin] = {}
    for name in names(root, POLICIES):
        if name not in {WAIVERS, PRICES, DISCOUNTS}:
            document = files.document(root, f"{POLICIES}/{name}.yaml", memory)
            problems.extend(document.problems)
            values = Values(fitting(document, rulebook.POLICY, problems))
            problems.extend(_repeated(document, values, first))
            problems.extend(_unknown_limits(document, values, known))
            problems.extend(_nothing_allowed(document, values))
            said.add(values)
            places.update(_places(document, values))
    problems.extend(misplaced(root, POLICIES, read=CHECKS))
    here = said.of(environment)
    digest = _digest(root, said, problems)
    own = checks(root, _judged(root), problems, memory)
    return Policy(
        levels={rule: Level(level) for rule, level in here.texts("levels").items()},
        limits={limit: number for limit, number in here.numbers("limits").items() if limit in known},
        quotas=here.numbers("quotas"),
        allowed_instance_types=here.lists.get("allowed_instance_types", ()),
        allowed_registries=here.lists.get("allowed_registries", ()),
        required_tags=here.lists.get("required_tags", ()),
        production=any(fnmatchcase(environment, each) for each in said.lists.get("production", ())),
        waivers=waivers(root, problems, memory),
        prices=prices(root, problems, memory),
        named=tuple(sorted({rule for each in said.everywhere() for rule in each.mappings["levels"]})),
        mentioned=(*said.environments, *said.lists.get("production", ())),
        checks=own.own,
        places={**places, **own.places},
        digest=digest,
    )


class _Said(Struct, frozen=True):
    """What files say, by section; what holds in one environment alone is kept apart, under its name."""

    mappings: Mapping[str, dict[str, Plain]] = field(default_factory=lambda: {name: {} for name in _MAPPINGS})
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    environments: dict[str, _Said] = field(default_factory=dict)

    def add(self, values: Values) -> None:
        """Let what stands there win over what was said before."""
        for name, mapping in self.mappings.items():
            mapping.update(values.mapping(name))
        self.lists.update({name: values.texts(name) for name in _LISTS if name in values})
        for environment, inner in values.mapping("environments").items():
            self.environments.setdefault(environment, _Said()).add(Values.of(inner))

    def of(self, environment: str) -> _Said:
        """What holds in one environment."""
        own = self.environments.get(environment, _Said())
        mappings = {name: {**mapping, **own.mappings[name]} for name, mapping in self.mappings.items()}
        return _Said(mappings, {**self.lists, **own.lists})

    def everywhere(self) -> Iterator[_Said]:
        """This, and what holds in each environment."""
        yield self
        yield from self.environments.values()

    def texts(self, section: str) -> Mapping[str, str]:
        """A mapping to texts."""
        return {name: value for name, value in self.mappings[section].items() if isinstance(value, str)}

    def numbers(self, section: str) -> Mapping[str, int]:
        """A mapping to whole numbers."""
        return {name: value for name, value in self.mappings[section].items() if isinstance(value, int)}


def _defaults() -> Mapping[str, Plain]:
    """What the package ships; its own tests hold it right."""
    return parse(_DEFAULTS.name, _DEFAULTS.read_text(encoding="utf-8")).top or {}


def _sections(values: Values) -> Iterator[tuple[tuple[str, ...], Values]]:
    """Path and content of every place where sections stand: the top, and each environment's own."""
    yield (), values
    for environment, inner in values.mapping("environments").items():
        yield ("environments", environment), Values.of(inner)


def _places(document: Document, values: Values) -> Iterator[tuple[str, Origin]]:
    """Where levels and names of environments stand, for whoever finds that there is no such thing."""
    for number, name in enumerate(values.texts("production")):
        yield f"environments/{name}", document.place(("production", number))
    for above, inner in _sections(values):
        if above:
            yield f"environments/{above[-1]}", document.place(above)
        for rule in inner.mapping("levels"):
            yield f"levels/{rule}", document.place((*above, "levels", rule))


def _repeated(document: Document, values: Values, first: dict[tuple[str, ...], str]) -> Iterator[Problem]:
    """Names that two files set: which of them should count?"""
    for above, inner in _sections(values):
        said = [(name, key) for name in _MAPPINGS for key in inner.mapping(name)]
        for path in [*((*above, *each) for each in said), *((*above, name) for name in _LISTS if name in inner)]:
            owner = first.setdefault(path, document.path)
            if owner != document.path:
                message = f"{labelled(path)}: already set in {shown(owner)}"
                yield document.problem(path, message, "remove one of them")


def _unknown_limits(document: Document, values: Values, known: frozenset[str]) -> Iterator[Problem]:
    for above, inner in _sections(values):
        for limit in inner.mapping("limits"):
            if limit not in known:
                near = did_you_mean(limit, known) or f"limits are {', '.join(sorted(known))}"
                path = (*above, "limits", limit)
                yield document.problem(path, f"limits.{shown(limit)}: no rule knows this limit", near)


def _nothing_allowed(document: Document, values: Values) -> Iterator[Problem]:
    """Lists of what is allowed, with nothing in them: read as if they were not there, they would allow everything."""
    for above, inner in _sections(values):
        for name in _ALLOWED:
            if name in inner and not inner.texts(name):
                path = (*above, name)
                cure = "leave the key out to allow all" if not above else "leave the key out to keep what stands above"
                yield document.problem(path, f"{labelled(path)}: the list is empty and would allow nothing", cure)


def _digest(root: Path, said: _Said, problems: list[Problem]) -> str:
    """Of everything that files say for whatever environment, so that all share what was said about a template."""
    everything = [{"mappings": each.mappings, "lists": each.lists} for each in said.everywhere()]
    whole = [everything, list(said.environments)]
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":"), default=str).encode())
    problems.extend(programs(root))
    problems.extend(_links(root))
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


def programs(root: Path) -> Iterator[Problem]:
    """Files among the root's own checks that checkov would run: whoever may open a pull request may write one."""
    for relative in _checks(root):
        if relative.casefold().endswith((".py", ".pyw", ".so", ".pyd")):
            message = "a check is YAML or JSON: esmcfn runs no program of the repository that it judges"
            yield Problem(relative, 1, 1, message, "write it as YAML; docs/rules.md says how, and remove this file")


def _links(root: Path) -> Iterator[Problem]:
    """Links among the root's own checks, folders too."""
    for folder, inner, found in os.walk(root / CHECKS):
        for name in (*inner, *found):
            relative = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
            inside = (root / relative).resolve().is_relative_to(root.resolve())  # the rest is told otherwise
            if inside and (link := files.linked(root, relative)) is not None:
                yield Problem(relative, 1, 1, f"the check is reached by a link ({shown(link)})", files.NO_LINK)


def _judged(root: Path) -> list[str]:
    """Files of the root's own checks that are the root's; what is wrong with the others is told otherwise."""
    inside = root.resolve()
    return [
        relative
        for relative in _checks(root)
        if (root / relative).resolve().is_relative_to(inside) and files.linked(root, relative) is None
    ]


def _checks(root: Path) -> list[str]:
    """Files of the root's own checks, in order."""
    return sorted(
        os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
        for folder, _, found in os.walk(root / CHECKS)
        for name in found
        if not name.endswith(".pyc") and os.path.isfile(os.path.join(folder, name))
    )
