"""What of a file is right: every level is held against its field, every problem has its place.

Cerberus judges, in `complaints`, one level at a time. Its own recursion makes a validator for every nested mapping,
which costs twenty times as much and knows no places. A file that was once found right, by the same fields, is not
judged again: Cerberus is then not even imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from esmcfn.errors import Problem
from esmcfn.inputs.document import Document
from esmcfn.inputs.field import Field, Kind
from esmcfn.inputs.path import Path, labelled
from esmcfn.inputs.scalar import Plain, Unfit


def fitting(document: Document, field: Field, problems: list[Problem]) -> dict[str, Plain]:
    """Return what of a file is right, and add what is not to the problems.

    A field that is wrong is left out, with whatever stands below it; null, and "" for a text, mean that it
    was not written, as Terraform's coalesce has it.
    """
    name = document.name_of(field)
    known = document.memory.holds(name)
    found: list[Problem] = []
    right = _Level(document, found, known).mapping((), document.top or {}, field)
    if not known and not found and not document.problems:
        document.memory.add(name)
    problems.extend(found)
    return right


class _Level:
    """One file being judged, level by level.

    Attributes:
        known: the file was found right before, so that only its values are of interest.
    """

    def __init__(self, document: Document, problems: list[Problem], known: bool) -> None:
        self._document = document
        self._problems = problems
        self._known = known

    def mapping(self, path: Path, mapping: Mapping[str, Plain], field: Field) -> dict[str, Plain]:
        given = {key: value for key, value in mapping.items() if not _absent(value, field.fields.get(key))}
        wrong = frozenset() if self._known else self._wrong(path, given, field)
        return {
            key: self._below((*path, key), value, field.fields[key]) for key, value in given.items() if key not in wrong
        }

    def _wrong(self, path: Path, given: Mapping[str, Plain], field: Field) -> frozenset[str]:
        from esmcfn.inputs import complaints  # Cerberus is slow to import

        wrong, problems = complaints.of_mapping(self._document, path, given, field)
        self._problems.extend(problems)
        self._problems.extend(_choice_problem(self._document, path, given, field))
        return wrong

    def _below(self, path: Path, value: Plain, field: Field) -> Plain:
        if isinstance(value, dict) and field.fields:
            return self.mapping(path, value, field)
        if isinstance(value, dict) and field.keys and field.each:
            right: dict[str, Plain] = {}
            for key, found in value.items():
                fits = self._known or self._key_fits((*path, key), field.keys)
                inner = self._one((*path, key), found, field.each)
                if fits and not isinstance(inner, Unfit):
                    right[key] = inner
            return right
        if isinstance(value, list) and field.each:
            items = [self._one((*path, n), item, field.each) for n, item in enumerate(value)]
            return [item for item in items if not isinstance(item, Unfit)]
        return value

    def _one(self, path: Path, value: Plain, field: Field) -> Plain:
        """A value under a key of the writer's own, or in a list; Unfit where it is wrong."""
        if not self._known:
            from esmcfn.inputs import complaints

            problems = complaints.of_value(self._document, path, value, field)
            if problems is not None:
                self._problems.extend(problems)
                return Unfit()
        return self._below(path, value, field)

    def _key_fits(self, path: Path, field: Field) -> bool:
        from esmcfn.inputs import complaints

        problem = complaints.of_key(self._document, path, field)
        if problem:
            self._problems.append(problem)
        return problem is None


def _absent(value: Plain, field: Field | None) -> bool:
    return value is None or (value == "" and field is not None and not field.required and Kind.TEXT in field.kinds)


def _choice_problem(document: Document, path: Path, given: Mapping[str, Plain], field: Field) -> Iterator[Problem]:
    if not field.one_of:
        return
    present = [key for key in given if key in field.one_of]
    if not present:
        yield document.problem(path, f"{labelled(path)}: {' or '.join(field.one_of)} is missing")
    for extra in present[1:]:
        message = f"{labelled(path)}: {extra} may not stand beside {present[0]}"
        yield document.problem((*path, extra), message, "remove one of them")
