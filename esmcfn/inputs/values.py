"""What Cerberus let pass, with the types that it proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal

from msgspec import Struct, field

from esmcfn.domain.origin import Origin, Origins
from esmcfn.inputs.document import Document
from esmcfn.inputs.path import Path
from esmcfn.inputs.scalar import Plain


class Values(Struct, frozen=True):
    """A mapping whose wrong fields are gone; what was not written, or was wrong, reads as its default."""

    fields: Mapping[str, Plain] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Plain) -> Values:
        """A nested mapping; empty where it is none."""
        return cls(value if isinstance(value, dict) else {})

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def get(self, name: str) -> Plain:
        """Whatever stands there."""
        return self.fields.get(name)

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else default

    def whole(self, name: str) -> int | None:
        """A whole number."""
        value = self.fields.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def truth(self, name: str) -> bool | None:
        """True or false."""
        value = self.fields.get(name)
        return value if isinstance(value, bool) else None

    def decimal(self, name: str) -> Decimal | None:
        """A number, exactly as it was written; in quotes or without."""
        value = self.fields.get(name)
        return Decimal(value) if isinstance(value, int | str | Decimal) else None

    def day(self, name: str) -> date | None:
        """A day, in quotes or without; None for one that does not exist."""
        value = self.fields.get(name)
        with suppress(ValueError):
            return date.fromisoformat(value) if isinstance(value, str) else value if isinstance(value, date) else None
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.fields.get(name)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()

    def wholes(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        value = self.fields.get(name)
        return tuple(item for item in value if isinstance(item, int)) if isinstance(value, list) else ()

    def inner(self, name: str) -> tuple[Values, ...]:
        """The mappings of a list."""
        value = self.fields.get(name)
        return tuple(Values(item) for item in value if isinstance(item, dict)) if isinstance(value, list) else ()

    def mapping(self, name: str) -> Mapping[str, Plain]:
        """A mapping."""
        value = self.fields.get(name)
        return value if isinstance(value, dict) else {}

    def text_mapping(self, name: str) -> Mapping[str, str]:
        """A mapping to texts."""
        return {key: value for key, value in self.mapping(name).items() if isinstance(value, str)}


def origins(document: Document, path: Path) -> Origins:
    """Where a mapping and its keys stand, right or wrong; a key without a value counts as not written."""
    written: Plain = dict(document.top or {})
    for part in path:
        written = written.get(str(part)) if isinstance(written, dict) else None
    return Origins(at=document.place(path), keys=dict(_places(document, path, written, "")))


def _places(document: Document, path: Path, written: Plain, above: str) -> Iterator[tuple[str, Origin]]:
    for key, value in _below(written):
        if value is not None and value != "":
            inner = (*path, key)
            yield f"{above}{key}", document.place(inner)
            yield from _places(document, inner, value, f"{above}{key}.")


def _below(written: Plain) -> Iterator[tuple[str | int, Plain]]:
    """What stands inside, by key; in a list by number, from 0."""
    if isinstance(written, dict):
        yield from written.items()
    if isinstance(written, list):
        yield from enumerate(written)
