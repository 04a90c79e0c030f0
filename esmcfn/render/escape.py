"""Other people's text inside Markdown: it must not become markup, end a table's cell, or mention anybody."""

from __future__ import annotations

import json
import re

from esmcfn.errors import visible

GAP = "\u200b"
"""A space without width: what GitHub would link (a person, an issue, an address) is none with it inside."""

_LINKED = re.compile(r"[@#$]|(?<=gh)-(?=\d)|(?<=:)//|(?<=www)\.|(?<=:):|~(?=~)", re.IGNORECASE)


_ADDRESS = re.compile(r"([\w.+-]{1,64})@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def hostless(text: str) -> str:
    """Text without the hosts of mail addresses: what is published names people, and gives nobody a list to write to."""
    return _ADDRESS.sub(r"\1@…", text)


_WRITTEN_OUT = {
    "<": "\\u003c",
    ">": "\\u003e",
    "--": "-\\u002d",
    "##[": "#\\u0023[",
    "\x7f": "\\u007f",
}
"""What would end an HTML comment, or be obeyed by a runner, as JSON can say it, too."""


def code(text: str) -> str:
    """Text as code: a backtick inside must not end it, a pipe must not end a table's cell, nor a runner obey it."""
    flattened = flat(text).replace("`", "'").replace("|", "¦").replace("##[", f"#{GAP}#[")
    return f"`{flattened or ' '}`"


def safe(text: str) -> str:
    """Text as prose: no markup, no table cell's end; nobody, no issue and no address is linked by it."""
    text = hostless(flat(text))  # first: it writes characters out with backslashes
    for character in "\\`*_[]|":
        text = text.replace(character, f"\\{character}")
    return _LINKED.sub(lambda found: found[0] + GAP, html(text))


def tag(text: str) -> str:
    """Text as code inside of HTML, where Markdown is not read."""
    return f"<code>{html(flat(text)).replace('##[', f'#{GAP}#[')}</code>"


def html(text: str) -> str:
    """Text inside of HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def hidden(document: object) -> str:
    """JSON inside of an HTML comment, which it cannot end."""
    text = json.dumps(document, separators=(",", ":"))
    for meant, written in _WRITTEN_OUT.items():
        text = text.replace(meant, written)
    return text


def flat(text: str) -> str:
    """Text on one line, with nothing in it that moves a cursor."""
    return visible(" ".join(text.split()))
