"""Other people's text inside Markdown: it must not become markup, end a table's cell, or mention anybody."""

from __future__ import annotations

from esmcfn.errors import visible


def code(text: str) -> str:
    """Text as code: a backtick inside must not end it, a pipe must not end a table's cell."""
    return "`" + flat(text).replace("`", "'").replace("|", "¦") + "`"


def safe(text: str) -> str:
    """Text as prose: no markup, no table cell's end, and nobody is mentioned by it."""
    for character in "\\`*_[]|":
        text = text.replace(character, f"\\{character}")
    return html(flat(text)).replace("@", "@\u200b")


def html(text: str) -> str:
    """Text inside of HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def flat(text: str) -> str:
    """Text on one line, with nothing in it that moves a cursor."""
    return visible(" ".join(text.split()))
