"""A new repository: the files that `init` writes, and what a Step-Functions deployment's input becomes of.

files/ holds links to this repository's own catalog, environment, policies and workflows, so that they cannot differ; a
built package holds their contents.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from msgspec import Struct

OWN = frozenset({"ci.yml"})
"""Workflows that test esmcfn itself, and nothing of who uses it."""

_EDITORS = "# yaml-language-server: "
"""A line for editors that points at a schema of the repository that it stands in."""

_FILES = (
    ("README.md", "README.md", "the next three commands"),
    (".gitignore", "gitignore", "keeps plans and virtual environments out of git"),
    ("catalogs/esm.yaml", "catalogs/esm.yaml", "which models may be deployed"),
    ("environments/dev.yaml", "environments/dev.yaml", "where, and which of them: the sandbox on this machine"),
    ("policies/levels.yaml", "policies/levels.yaml", "which rules block, and their limits"),
    ("policies/waivers.yaml", "policies/waivers.yaml", "signed, dated exceptions to rules"),
)


class File(Struct, frozen=True, kw_only=True):
    """One file of a new repository.

    Attributes:
        path: relative to its root, with forward slashes.
        about: what it is for, in a line.
    """

    path: str
    text: str
    about: str


def new_repository() -> tuple[File, ...]:
    """Every file of a repository that works at once in the sandbox."""
    shipped = files("esmcfn.scaffold") / "files"
    plain = [File(path=path, text=_text(shipped / source), about=about) for path, source, about in _FILES]
    workflows = sorted((each for each in (shipped / "workflows").iterdir()), key=lambda each: each.name)
    return (*plain, *(_workflow(each) for each in workflows if each.name not in OWN))


def _workflow(file: Traversable) -> File:
    text = file.read_text(encoding="utf-8")
    name = next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("name:")), file.name)
    return File(path=f".github/workflows/{file.name}", text=text, about=f"GitHub runs it: {name}")


def _text(file: Traversable) -> str:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_EDITORS))
