"""`esmcfn init`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.scaffold import File
    from esmcfn.scaffold.payload import Carried


def _pinned(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """A requirement that means one release of esmcfn and no other."""
    from esmcfn.scaffold import PINNED

    if value and not PINNED.fullmatch(value):
        raise click.BadParameter(
            "write a version, a commit or a digest: esmcfn[sandbox]==1.2.3, "
            "esmcfn[sandbox] @ git+https://github.com/OWNER/esmcfn@ and a commit's 40 digits"
        )
    return value


def _owners(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """People and teams as GitHub names them."""
    from esmcfn.errors import shown
    from esmcfn.scaffold.owners import OWNER

    for each in value:
        if not OWNER.fullmatch(each):
            raise click.BadParameter(f"{shown(each)} is no @person, @organization/team or mail address")
    return tuple(dict.fromkeys(value))


def _installed() -> str:
    """Where this esmcfn came from, as pip is told; empty where nobody else could get it from there."""
    from importlib.metadata import PackageNotFoundError, distribution

    from esmcfn.scaffold import requirement_of

    try:
        found = distribution("esmcfn")
    except PackageNotFoundError:  # run from a folder that nobody installed
        return ""
    return requirement_of(found.version, found.read_text("direct_url.json"))


@click.command(
    short_help="Scaffold a repository.",
    epilog="""\b
Examples:
  esmcfn init models
  esmcfn init models --owner @acme/platform --owner @acme/security
  esmcfn init models --from-payload execution-input.json
  esmcfn init models --esmcfn "esmcfn[sandbox] @ git+https://github.com/OWNER/esmcfn@COMMIT"
""",
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--from-payload",
    "payload",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_FROM_PAYLOAD",
    help="Take catalog and environment from the JSON input of a Step-Functions endpoint deployment.",
)
@click.option(
    "--esmcfn",
    "requirement",
    default="",
    metavar="REQUIREMENT",
    envvar="ESMCFN_REQUIREMENT",
    callback=_pinned,
    help="Where the workflows get esmcfn, as pip is told, pinned. Without it: from where this one came.",
)
@click.option(
    "--owner",
    "owners",
    multiple=True,
    metavar="@ORG/TEAM",
    envvar="ESMCFN_OWNER",
    callback=_owners,
    help="Whom GitHub asks about policies, workflows and catalogs (CODEOWNERS); may be repeated.",
)
@click.option(
    "--lock",
    is_flag=True,
    envvar="ESMCFN_LOCK",
    help="Pin by digest what esmcfn needs on GitHub, as pip's index tells; in a repository that is there, that alone.",
)
@options.form("text", "json")
@options.anywhere
@click.pass_context
def init(
    ctx: click.Context,
    folder: Path | None,
    *,
    payload: Path | None,
    requirement: str,
    owners: tuple[str, ...],
    lock: bool,
    form: str,
) -> None:
    """Scaffold a repository that works at once in the sandbox: catalog, environment, policies, workflows.

    Nothing is asked and nothing is overwritten: what is there already is named, and nothing is written. A README.md and
    a .gitignore, which every repository has, stay as they are. With --lock, in a repository that is there already, the
    file of pinned dependencies alone is written anew.
    """
    from esmcfn.cli.reports import written
    from esmcfn.cli.streams import printed, told
    from esmcfn.scaffold import EXAMPLE, KEPT, REQUIREMENTS, new_repository

    root = folder or ctx.obj["root"]
    pinned = _pinned_dependencies() if lock else None
    if pinned and (root / REQUIREMENTS).is_file():
        written(root / pinned.path, pinned.text)
        _told(root, (pinned,), (), form)
        return
    carried = _carried(payload) if payload else None
    replaced = {file.path: file for file in carried.files} if carried else {}
    requirement = requirement or _installed()
    files = tuple(replaced.get(file.path, file) for file in new_repository(requirement, owners))
    files = (*files, *([pinned] if pinned else []))
    if carried:  # its catalog is another one, and has not what the example selects
        files = tuple(file for file in files if file.path != EXAMPLE)
    kept = [file.path for file in files if file.path in KEPT and _is_there(root / file.path)]
    lacks = _not_ignored(root, files) if ".gitignore" in kept else ""
    files = tuple(file for file in files if file.path not in kept)
    _write(root, files)
    left = carried.left if carried else ()
    if kept:
        told(f"note: {' and '.join(kept)} stayed as it was" + (f"; add to .gitignore: {lacks}" if lacks else ""))
    if not requirement:
        told(f"note: this esmcfn came from a folder: write into {REQUIREMENTS} where GitHub gets it (--esmcfn does)")
    _told(root, files, left, form)
    if form == "text":
        go = f"esmcfn --root {root} " if folder else "esmcfn "
        printed("\n".join(["", "Next:", *(f"  {go}{words}" for words in ("plan dev", "deploy dev", "outputs dev"))]))
        printed("\n")
        if not carried:
            printed(
                f"  cp {root / EXAMPLE} {root / EXAMPLE.removesuffix('.example')}   # production: fill in TO FILL\n"
            )
        for each in left:
            told(f"not carried over: {each}")


def _told(root: Path, files: tuple[File, ...], left: tuple[str, ...], form: str) -> None:
    """What was written."""
    from esmcfn.cli.streams import printed
    from esmcfn.render.canonical import canonical

    if form == "json":
        made = [{"path": file.path, "about": file.about} for file in files]
        printed(canonical({"schema": "esmcfn.init/v1", "folder": str(root), "files": made, "left": list(left)}))
        return
    widest = max(len(file.path) for file in files)
    printed("".join(f"{file.path:<{widest}}  {file.about}\n" for file in files))


def _carried(payload: Path) -> Carried:
    """Raises InputError where the file cannot be read, or is no such payload."""
    from esmcfn.errors import InputError, Problem
    from esmcfn.scaffold.payload import carried_over

    try:
        text = payload.read_text("utf-8-sig")
    except OSError as error:
        raise InputError((Problem(str(payload), 1, 1, f"the file cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        raise InputError((Problem(str(payload), 1, 1, "the file is not UTF-8", "save it as UTF-8"),)) from error
    return carried_over(text, payload.as_posix())


def _pinned_dependencies() -> File:
    from esmcfn.cli.locking import locked
    from esmcfn.scaffold import File
    from esmcfn.scaffold.locking import PATH

    return File(path=PATH, text=locked(), about="what esmcfn needs on GitHub, by digest")


def _write(root: Path, files: Sequence[File]) -> None:
    """All of them or none: what was made before one cannot be written goes again.

    Raises:
        UsageError: one is there already, or cannot be written.
    """
    from esmcfn.cli.reports import written
    from esmcfn.errors import UsageError

    there = [file.path for file in files if _is_there(root / file.path)]
    if there:
        raise UsageError(
            f"{root} has already {', '.join(there)}: nothing was written",
            next_step="name a folder without them: esmcfn init DIR",
        )
    made: list[Path] = []
    try:
        for file in files:
            path = root / file.path
            made += [folder for folder in reversed(path.parents) if not folder.exists()]
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                step = "name a folder that can be written into: esmcfn init DIR"
                raise UsageError(f"cannot make the folder {path.parent}: {error.strerror}", next_step=step) from error
            made.append(path)
            written(path, file.text)
    except BaseException:
        _unmade(made)
        raise


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _unmade(made: Sequence[Path]) -> None:
    """A folder that somebody put something else into stays."""
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()


def _not_ignored(root: Path, files: Sequence[File]) -> str:
    """Which lines a .gitignore that was kept lacks of ours."""
    (ours,) = [file.text for file in files if file.path == ".gitignore"]
    try:
        own = (root / ".gitignore").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        own = []
    return ", ".join(line for line in ours.splitlines() if line not in own and not line.startswith("#"))
