"""Whom a signature names, however it is written: pure."""

from __future__ import annotations

import re
import unicodedata

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:/|\"']+@[^\s@<>()\[\],;:/|\"']+")
_BETWEEN = re.compile(r"[<>()\[\],;:/|&\"]| - | (?:and|und|et|y) ")
_HIDDEN = re.compile(r"(?:\d+\+)?([^@+]+)@users\.noreply\.github\.com")


def persons(text: str) -> frozenset[str]:
    """Everybody whom a text names: as a whole, by every address in it, and by its parts.

    Letters that look alike because Unicode has them twice, what shows nothing, upper case, quotes and a note behind a
    plus make nobody another person. Cyrillic letters within Latin ones do: nobody here can tell what was meant.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").casefold()
    named = {plain, *_BETWEEN.split(plain)}
    for address in _ADDRESS.findall(plain):
        hidden = _HIDDEN.fullmatch(address)
        local, _, host = address.rpartition("@")
        named |= {hidden[1]} if hidden else {f"{local.partition('+')[0] or local}@{host}"}
        named.add(address)
    return frozenset(each for each in (_bare(each) for each in named) if each)


def _bare(name: str) -> str:
    return " ".join(name.split()).strip("@'\"`.,<>- ")
