"""Cerberus judges one level, we speak: what is wrong, at its place, with the nearest right value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache

from cerberus import TypeDefinition, Validator
from cerberus.errors import (
    BAD_TYPE,
    EXCLUDES_FIELD,
    MAX_LENGTH,
    MAX_VALUE,
    REQUIRED_FIELD,
    UNKNOWN_FIELD,
    BaseErrorHandler,
    ErrorDefinition,
    ValidationError,
)

from esmcfn.errors import LONGEST, Problem, did_you_mean, shown
from esmcfn.inputs.document import Document
from esmcfn.inputs.field import Field, Kind
from esmcfn.inputs.path import Path, labelled
from esmcfn.inputs.scalar import Plain, Unfit, kind_of


def of_mapping(
    document: Document, path: Path, given: Mapping[str, Plain], field: Field
) -> tuple[frozenset[str], list[Problem]]:
    """The keys that are wrong, and every problem of this level."""
    validator = _validator(field)
    wrong: set[str] = set()
    problems: list[Problem] = []
    if not validator.validate(given, normalize=False):
        for error in validator.errors:
            if error.code != EXCLUDES_FIELD.code:  # too much, but right by itself
                wrong.add(error.field)
            problems.extend(_field_problem(document, (*path, error.field), field, error))
    return frozenset(wrong), problems


def of_value(document: Document, path: Path, value: Plain, field: Field) -> list[Problem] | None:
    """What is wrong with one value; None where it is right, empty where its problem is already known."""
    validator = _single(field)
    if validator.validate({_IT: value}, normalize=False):
        return None
    return [problem for error in validator.errors for problem in _value_problem(document, path, field, error)]


def of_key(document: Document, path: Path, field: Field) -> Problem | None:
    """What is wrong with a key of the writer's own."""
    if _single(field).validate({_IT: path[-1]}, normalize=False):
        return None
    key = str(path[-1])
    return document.problem(
        path, f"{labelled(path[:-1])}: a key must be {field.must}, not {shown(key)}", _nearest(key, field)
    )


_NEVER, _AMONG = ErrorDefinition(0x101, "never"), ErrorDefinition(0x102, "among")
"""Rules that Cerberus does not have."""


class _ErrorsAsTheyAre(BaseErrorHandler):  # type: ignore[misc]
    """Leaves Cerberus's errors to us."""

    def __call__(self, errors: Iterable[ValidationError]) -> list[ValidationError]:
        return list(errors)


class _Validator(Validator):  # type: ignore[misc]
    """Cerberus, to whom a bool is no integer and a decimal is exact."""

    types_mapping = {
        **Validator.types_mapping,
        Kind.WHOLE.value: TypeDefinition(Kind.WHOLE.value, (int,), (bool,)),
        Kind.DECIMAL.value: TypeDefinition(Kind.DECIMAL.value, (Decimal,), ()),
    }

    def _validate_min(self, least: int, field: str, value: object) -> None:
        """{'nullable': False}"""  # Cerberus reads a rule's own schema here
        if not isinstance(value, bool):  # where false means none, it is not less than 1
            super()._validate_min(least, field, value)

    def _validate_never(self, never: bool, field: str, value: object) -> None:
        """{'type': 'boolean'}"""
        if value is never:  # Cerberus's own `forbidden` would take 1 for true
            self._error(field, _NEVER)

    def _validate_among(self, among: list[int], field: str, value: object) -> None:
        """{'type': 'list'}"""
        if not isinstance(value, bool) and value not in among:
            self._error(field, _AMONG)


def _field_problem(document: Document, path: Path, parent: Field, error: ValidationError) -> Iterator[Problem]:
    """What one of Cerberus's errors about a known set of keys means."""
    name, label = str(path[-1]), labelled(path)
    if error.code == UNKNOWN_FIELD.code:
        ours = parent.also.get(name)
        near = f"did you mean {ours}?" if ours else did_you_mean(name, parent.fields)
        yield document.problem(path, f"{label}: unknown key", near)
        return
    field = parent.fields[name]
    if error.code == REQUIRED_FIELD.code:
        what = "has no value" if path in document.places else "is missing"
        yield document.problem(path, f"{label}: {what}", f"it must be {field.must}")
    elif error.code == EXCLUDES_FIELD.code:
        yield document.problem(path, f"{label}: may not stand beside {field.excludes}", "remove one of them")
    else:
        yield from _value_problem(document, path, field, error)


def _value_problem(document: Document, path: Path, field: Field, error: ValidationError) -> Iterator[Problem]:
    """What one of Cerberus's errors about a value means."""
    value: Plain = error.value
    if isinstance(value, Unfit) and not value.kind:
        return  # its problem is already known
    label, written = labelled(path), document.texts.get(path)
    if value is None:
        yield document.problem(path, f"{label}: has no value", f"it must be {field.must}")
    elif error.code == BAD_TYPE.code:
        yield document.problem(path, *_type_complaint(label, written, value, field))
    elif error.code == MAX_LENGTH.code:
        message = f"{label}: at most {field.longest} characters, not {len(str(value))}"
        yield document.problem(path, message)
    elif error.code == MAX_VALUE.code:
        yield document.problem(path, _too_large(label, str(value) if written is None else written, field))
    else:
        said = shown(str(value) if written is None else written)
        yield document.problem(path, f"{label}: must be {field.must}, not {said}", _nearest(value, field))


def _type_complaint(label: str, written: str | None, value: Plain, field: Field) -> tuple[str, str]:
    """The message and the suggestion for a value of the wrong type."""
    must = f"{label}: must be {field.must}"
    if isinstance(value, str):
        unquoted = _resembles(value, field)
        return f"{must}, not the text {shown(value)}", f"write {value} without quotes" if unquoted else ""
    if written is None:
        return f"{must}, not {kind_of(value)}", ""
    if field.most is not None and _VAST.fullmatch(written):
        return _too_large(label, written, field), ""
    if Kind.TEXT in field.kinds and Kind.DATE not in field.kinds:
        quoted = re.fullmatch(field.pattern or r"[\s\S]*", written)
        return (
            f"{must}, but YAML reads {shown(written)} as {kind_of(value)}",
            f'write it in quotes: "{shown(written)}"' if quoted else "",
        )
    plain = "write plain digits" if isinstance(value, Unfit) and value.kind == kind_of(0) else ""
    return f"{must}, not {shown(written)}", plain


def _too_large(label: str, written: str, field: Field) -> str:
    return f"{label}: {shown(written)} is too large, at most {field.most}"


def _resembles(value: str, field: Field) -> bool:
    """Would the text be right if its quotes went away?"""
    return bool(
        (Kind.WHOLE in field.kinds and re.fullmatch(r"[1-9][0-9]{0,8}|0", value))
        or (Kind.TRUTH in field.kinds and value in ("true", "false"))
    )


def _nearest(found: Plain, field: Field) -> str:
    if field.among and isinstance(found, bool):
        return "write the number itself"
    if field.among and isinstance(found, int):
        return f"did you mean {min(field.among, key=lambda each: (abs(each - found), each))}?"
    value = str(found)
    if len(value) > LONGEST:
        return ""  # nothing is near to a text that no message shows
    plain = value.strip().lower()
    for guess in (plain, field.prefix + plain, plain.upper()):
        if guess != value and field.pattern and re.fullmatch(field.pattern, guess):
            return f"did you mean {guess}?"
    return did_you_mean(value, field.words)


_IT = "it"
_VAST = re.compile(r"\+?[1-9][0-9]{18,}(?:\.[0-9]*)?")
"""Plain digits, and more of them than `document` takes for a number."""


@cache
def _validator(field: Field) -> Validator:
    """Built once: checking a schema costs Cerberus more than checking a file with it."""
    schema = {name: _rules(inner) for name, inner in field.fields.items()}
    return _Validator(schema, error_handler=_ErrorsAsTheyAre)


@cache
def _single(field: Field) -> Validator:
    return _Validator({_IT: _rules(field)}, error_handler=_ErrorsAsTheyAre)


def _rules(field: Field) -> dict[str, object]:
    """One level of a field in Cerberus's words."""
    rules: dict[str, object] = {"type": [kind.value for kind in field.kinds], "required": field.required}
    if field.pattern:
        rules["regex"] = rf"(?:{field.pattern})\Z$"  # Cerberus adds the $, which alone lets a line break pass
    if field.longest is not None:
        rules["maxlength"] = field.longest
    if field.least is not None:
        rules["min"] = field.least
    if field.most is not None:
        rules["max"] = field.most
    if field.never is not None:
        rules["never"] = field.never
    if field.among:
        rules["among"] = list(field.among)
    if field.excludes:
        rules["excludes"] = field.excludes
    return rules
