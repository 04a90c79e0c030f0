"""A new repository: the files that `init` writes, and what a Step-Functions deployment's input becomes of.

files/ holds links to this repository's own catalog, environment, policies and workflows, so that they cannot differ; a
built package holds their contents. Only the action that installs esmcfn for the workflows is another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

from msgspec import Struct

from esmcfn.scaffold.owners import PATH as CODEOWNERS
from esmcfn.scaffold.owners import text as owned_by

OWN = frozenset({"ci.yml"})
"""Workflows that test esmcfn itself, and nothing of who uses it."""

ACTION = ".github/actions/esmcfn/action.yml"
"""The workflows install esmcfn by it; ours makes it of its own folder, a new repository's fetches it."""

REQUIREMENTS = ".github/actions/esmcfn/requirements.txt"

PINNED = re.compile(
    r"esmcfn(?:\[[a-z,]+\])?(?: *== *[0-9][0-9A-Za-z.+!-]*| *@ *git\+https://[!-~]+@[0-9a-f]{40}(?:#[!-~]*)?"
    r"| *@ *https://[!-~]+#sha256=[0-9a-f]{64})"
)
"""A requirement that means the same today and tomorrow: a version, a commit, a file with its digest."""

_NOT_KNOWN = """\
# Where GitHub gets esmcfn is not known: it was installed from a folder when this file was written. Write one line:
#
#     esmcfn[sandbox] == 1.2.3                                            from your package index
#     esmcfn[sandbox] @ git+https://github.com/OWNER/esmcfn@COMMIT        a commit's 40 digits, no branch and no tag
"""

_EDITORS = "# yaml-language-server: "
"""A line for editors that points at a schema of the repository that it stands in."""

EXAMPLE = "environments/prod.yaml.example"
"""Production that passes policy; by another ending, so that nothing plans it before somebody has filled it in."""

KEPT = frozenset({"README.md", ".gitignore"})
"""What a repository has before it has any of ours: an own one stays as it is."""

_FILES = (
    ("README.md", "README.md", "the next three commands"),
    (".gitignore", "gitignore", "keeps plans and virtual environments out of git"),
    ("catalogs/esm.yaml", "catalogs/esm.yaml", "which models may be deployed"),
    ("environments/dev.yaml", "environments/dev.yaml", "where, and which of them: the sandbox on this machine"),
    (EXAMPLE, "environments/prod.yaml", "production, to be copied: what to fill in is marked in it"),
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


def requirement_of(version: str, direct_url: str | None) -> str:
    """Where the installed esmcfn can be had again, as pip is told; empty where it came from a folder.

    Args:
        direct_url: what the installer noted of it; None where it came from an index by its name.
            https://packaging.python.org/en/latest/specifications/direct-url/
    """
    if direct_url is None:
        return f"esmcfn[sandbox] == {version}"
    noted = json.loads(direct_url)
    url, vcs = str(noted.get("url", "")), noted.get("vcs_info")
    if isinstance(vcs, Mapping):
        found = f"esmcfn[sandbox] @ {vcs.get('vcs')}+{url}@{vcs.get('commit_id')}"
    else:
        hashes = noted.get("archive_info", {}).get("hashes", {})
        found = f"esmcfn[sandbox] @ {url}#sha256={hashes.get('sha256')}"
    return found if PINNED.fullmatch(found) else ""


def new_repository(requirement: str = "", owners: Sequence[str] = ()) -> tuple[File, ...]:
    """Every file of a repository that works at once in the sandbox.

    Args:
        requirement: where GitHub gets esmcfn, as pip is told; empty where nobody knows.
        owners: whom GitHub asks about policies, workflows and catalogs; nobody where none is named.
    """
    shipped = files("esmcfn.scaffold") / "files"
    plain = [File(path=path, text=_text(shipped / source), about=about) for path, source, about in _FILES]
    workflows = sorted((each for each in (shipped / "workflows").iterdir()), key=lambda each: each.name)
    action = File(
        path=ACTION,
        text=_text(shipped / "action.yml"),
        about="installs esmcfn for the workflows",
    )
    source = File(
        path=REQUIREMENTS,
        text=f"{requirement}\n" if requirement else _NOT_KNOWN,
        about="where GitHub gets esmcfn, and which one",
    )
    asked = File(
        path=CODEOWNERS,
        text=owned_by(owners),
        about="whom GitHub asks about policies, workflows and catalogs" + ("" if owners else ": to be filled"),
    )
    return (*plain, *(_workflow(each) for each in workflows if each.name not in OWN), action, source, asked)


def _workflow(file: Traversable) -> File:
    text = file.read_text(encoding="utf-8")
    name = next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("name:")), file.name)
    return File(path=f".github/workflows/{file.name}", text=text, about=f"GitHub runs it: {name}")


def _text(file: Traversable) -> str:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_EDITORS))
