"""What a field of a YAML file may be: behind Cerberus, the problems' texts and the JSON schemas alike."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field


class Kind(StrEnum):
    """The types of YAML, by Cerberus's names; a decimal is a number without float's rounding, a date has no time."""

    TEXT = "string"
    WHOLE = "integer"
    DECIMAL = "decimal"
    TRUTH = "boolean"
    DATE = "date"
    MAPPING = "dict"
    LIST = "list"


class Field(Struct, frozen=True, kw_only=True, eq=False):
    """One key of a mapping, one item of a list, or a whole file.

    Attributes:
        kind: more than one where a value may take several forms.
        must: completes the sentence "X must be ...".
        about: what it is for; editors show it.
        pattern: regular expression that the whole of a text must match, in the words that JSON schema shares.
        least, most: bounds of a number, both included.
        longest: characters of a text.
        fields: a mapping's keys, where they are known.
        keys, each: keys and values where the keys are the writer's own; `each` is also a list's items.
        one_of: exactly one of these keys must be there.
        excludes: a key that may not stand beside this one.
        words: values worth suggesting.
        prefix: beginning that people forget.
        also: names that other tools give to keys of this mapping, and ours.
        among: the only numbers that it may be; empty for any.
        never: a truth value that means nothing here, where the other one does.
        default: what holds where it is not written, as a person would write it.
    """

    kind: Kind | tuple[Kind, ...] = Kind.TEXT
    must: str
    about: str = ""
    required: bool = False
    pattern: str = ""
    least: int | None = None
    most: int | None = None
    longest: int | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    keys: Field | None = None
    each: Field | None = None
    one_of: tuple[str, ...] = ()
    excludes: str = ""
    words: tuple[str, ...] = ()
    prefix: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    among: tuple[int, ...] = ()
    never: bool | None = None
    default: str | int | bool | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The types that it may have."""
        return self.kind if isinstance(self.kind, tuple) else (self.kind,)
