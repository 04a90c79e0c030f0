"""policies/checkov: the root's own checks. checkov reads them, and drops in silence what it cannot; so we look first.

Held against here is what checkov needs to take a file for a check at all. What stands in a definition is checkov's to
judge: its runner tells what it would leave out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Check
from esmcfn.errors import Problem, shown
from esmcfn.inputs import files
from esmcfn.inputs.document import Document, parse
from esmcfn.inputs.folders import POLICIES
from esmcfn.inputs.memory import Memory
from esmcfn.inputs.scalar import Plain

CHECKS = f"{POLICIES}/checkov"
"""Checks of the root's own; which engine reads them is not our business, that they changed is."""

ENDINGS = (".yaml", ".yml", ".json")
"""Of the files that checkov reads; it knows them in small letters alone."""

OURS = Path(__file__).parents[1] / "policy" / "checks"
"""The package's own checks, a file an id."""

_ID = re.compile(r"CKV2_[A-Z0-9]+(?:_[A-Z0-9]+)+")
_NEEDED = {
    "id": "a check of your own is called CKV2_ACME_1: capitals and digits in three parts or more",
    "name": "what holds where nothing is found",
    "category": "such as GENERAL_SECURITY",
}
"""What checkov asks for, and what to write."""

_DROPPED = "; checkov leaves the file out otherwise"


class Checks(Struct, frozen=True, kw_only=True):
    """What stands in the folder.

    Attributes:
        own: by id, those that judge otherwise than the package's check of that id, or that the package does not have.
        places: "checks/FILE" and below it every key of its definition, to the line where it stands.
    """

    own: Mapping[str, Check]
    places: Mapping[str, Origin]


def checks(root: Path, relatives: Sequence[str], problems: list[Problem], memory: Memory) -> Checks:
    """Read the root's own checks; what keeps checkov from judging by one is added to the problems.

    Args:
        relatives: files of the folder that are its own, in order.
    """
    own: dict[str, Check] = {}
    places: dict[str, Origin] = {}
    first: dict[str, str] = {}
    for relative in relatives:
        if not _is_one(relative, problems):
            continue
        rule = _copied(root, relative)
        if not rule:
            document = files.document(root, relative, memory)
            found = (*document.problems, *(_wrong(document) if document.top is not None else ()))
            problems.extend(found)
            if found or document.top is None:
                continue
            rule, digest = str(_metadata(document.top)["id"]), _digest(document.top)
            if digest != _package_s(rule):
                own[rule] = Check(file=relative, digest=digest)
            places.update(_places(document, relative))
        if (other := first.setdefault(rule, relative)) != relative:
            said = f"metadata.id: {rule} is already that of {shown(other)}, and checkov keeps one of them"
            problems.append(Problem(relative, 1, 1, said, "give each check an id of its own"))
    return Checks(own=own, places=places)


def _is_one(relative: str, problems: list[Problem]) -> bool:
    """Is it a check by its name? One that nearly is would be dropped."""
    stem, dot, ending = relative.rpartition(".")
    if f".{ending}" in ENDINGS:
        return True
    if dot and f".{ending.casefold()}" in ENDINGS:
        known = f"{stem.rpartition('/')[2]}.{ending.casefold()}"
        said = f"checkov does not read it: a check ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}, in small letters"
        problems.append(Problem(relative, 1, 1, said, f"rename it to {shown(known)}"))
    return False


def _copied(root: Path, relative: str) -> str:
    """The id of the package's check of which a file is a copy; empty where it is none."""
    ours = OURS / relative.rpartition("/")[2]
    try:
        same = ours.is_file() and _lines(ours) == _lines(root / relative)
    except OSError:  # told by whoever reads it
        return ""
    return ours.stem if same else ""


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def _wrong(document: Document) -> Iterator[Problem]:
    """Without any of this checkov leaves a file out, and says nothing."""
    top = document.top or {}
    if not isinstance(top.get("metadata"), dict):
        yield document.problem(("metadata",), f"metadata: must be a mapping with id, name and category{_DROPPED}")
    else:
        metadata = _metadata(top)
        for name, near in _NEEDED.items():
            value = metadata.get(name)
            if not isinstance(value, str) or not value.strip():
                what = "must be text" if name in metadata else "is missing"
                yield document.problem(("metadata", name), f"metadata.{name}: {what}{_DROPPED}", near)
            elif name == "id" and not _ID.fullmatch(value):
                said = f"metadata.id: {shown(value)} can be neither levelled nor waived"
                yield document.problem(("metadata", name), said, near)
    definition = top.get("definition")
    if not isinstance(definition, dict) or not definition:
        what = "must say something, as a mapping" if "definition" in top else "is missing"
        yield document.problem(("definition",), f"definition: {what}{_DROPPED}")


def _metadata(top: Mapping[str, Plain]) -> Mapping[str, Plain]:
    metadata = top.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _places(document: Document, relative: str) -> Iterator[tuple[str, Origin]]:
    """Where each key of a definition stands, for whoever finds that checkov leaves it out."""
    name = f"checks/{relative.removeprefix(f'{CHECKS}/')}"
    yield name, document.place(("definition",))
    for path, origin in document.places.items():
        if path[:1] == ("definition",):
            yield "/".join((name, *map(str, path))), origin


def _package_s(rule: str) -> str:
    """The digest of what the package's check of this id says; empty where it has none."""
    path = OURS / f"{rule}.yaml"
    if not path.is_file():
        return ""
    return _digest(parse(path.name, path.read_text(encoding="utf-8")).top or {})


def _digest(top: Mapping[str, Plain]) -> str:
    """Of what a check says, however it is laid out."""
    whole = json.dumps(top, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{hashlib.sha256(whole.encode()).hexdigest()}"
