"""`esmcfn issue`: reports of drift and audit as GitHub issues. Reads files, calls nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli.comment import address

if TYPE_CHECKING:
    from esmcfn.domain.issue import Looked, Request, Unreported


@click.command(
    short_help="Render reports of drift and audit as issues.",
    epilog="""\b
Examples:
  esmcfn drift prod -f json --output prod.json; esmcfn issue prod.json
  esmcfn issue reports/*.json --known issues.json --out requests
  esmcfn issue --close-vanished --known issues.json --out requests
""",
)
@click.argument("reports", nargs=-1, metavar="[REPORT.json...]", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--known",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_KNOWN",
    help="The repository's issues, a JSON object a line: number, state, author, body and, where known, locked.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="ESMCFN_ISSUE_OUT",
    help="Write what GitHub is to be asked for into this folder; needs --known.",
)
@click.option(
    "--close-vanished",
    is_flag=True,
    envvar="ESMCFN_CLOSE_VANISHED",
    help="Close issues of environments that the root has no file of; needs --known.",
)
@click.option(
    "--author",
    default="github-actions[bot]",
    show_default=True,
    metavar="LOGIN",
    envvar="ESMCFN_AUTHOR",
    help="Whose issues are taken for ours.",
)
@click.option(
    "--run-url",
    metavar="URL",
    default="",
    envvar="ESMCFN_RUN_URL",
    callback=address,
    help="The workflow's run, which has the whole report.",
)
@click.pass_context
def issue(
    ctx: click.Context,
    reports: tuple[Path, ...],
    *,
    known: Path | None,
    out: Path | None,
    close_vanished: bool,
    author: str,
    run_url: str,
) -> None:
    """Render what `drift -f json` and `audit -f json` wrote as issues: one an environment and report.

    With --known and --out it writes what GitHub is to be asked for: the file `requests` has a line each, METHOD PATH
    FILE. An issue is opened where there is something to tell, edited in place, commented on only when it says something
    else, closed when everything was looked at and nothing is left, and opened again when it comes back. With
    --close-vanished those of environments that are no longer in the repository are closed, too, with a sentence.
    """
    from esmcfn.cli.streams import printed, told
    from esmcfn.domain.issue import Unreported
    from esmcfn.errors import UsageError
    from esmcfn.inputs.reported import known_issues
    from esmcfn.inputs.reported import reports as read
    from esmcfn.render.issue import failed
    from esmcfn.render.issue import issue as rendered
    from esmcfn.verbs.issuing import unheard

    if not reports and not close_vanished:
        raise UsageError("no report was named", next_step="esmcfn drift ENVIRONMENT -f json --output REPORT.json")
    found = read(reports)
    if known is None and out is None and not close_vanished:
        printed(
            "\n".join(
                failed(each) if isinstance(each, Unreported) else rendered(each, run=run_url).body for each in found
            )
        )
        return
    if known is None or out is None:
        raise UsageError("--known and --out go together", next_step="name both, or neither to read the issues")
    for each in found:
        if isinstance(each, Unreported):
            told(f"note: {each.environment}: nobody could look, so its issue stays as it is")
    asked = _requests(found, known, author, run_url)
    if close_vanished:
        asked += _vanished(ctx.obj["root"], known, author, run_url)
    _write(out, asked)
    for number in unheard(asked, known_issues(known)):
        told(f"note: issue {number} is locked: it is edited, and no comment says so")
    printed("".join(f"{each.method} {each.path} {each.fields.get('title', '')}".rstrip() + "\n" for each in asked))


def _requests(found: Sequence[Looked | Unreported], known: Path, author: str, run: str) -> list[Request]:
    from functools import partial

    from esmcfn.domain.issue import Unreported
    from esmcfn.inputs.reported import known_issues
    from esmcfn.render.issue import issue as rendered
    from esmcfn.render.issue import news
    from esmcfn.verbs.issuing import requests

    there, tell = known_issues(known), partial(news, run=run)
    return [
        request
        for each in found
        if not isinstance(each, Unreported)
        for request in requests(each, rendered(each, run=run), there, author=author, tell=tell)
    ]


def _vanished(root: Path, known: Path, author: str, run: str) -> list[Request]:
    """What closes the issues of environments that are gone.

    Raises:
        UsageError: this is no root, and every environment would be one that is gone.
    """
    from functools import partial

    from esmcfn.errors import UsageError
    from esmcfn.inputs import environment_names
    from esmcfn.inputs.folders import ENVIRONMENTS
    from esmcfn.inputs.reported import known_issues
    from esmcfn.render.issue import vanished as told
    from esmcfn.verbs.issuing import vanished

    if not (root / ENVIRONMENTS).is_dir():
        said = f"{root} has no folder {ENVIRONMENTS}: nobody knows which environments are gone"
        raise UsageError(said, next_step="--root names the repository's root")
    tell = partial(told, run=run)
    return [*vanished(known_issues(known), environment_names(root), author=author, tell=tell)]


def _write(out: Path, asked: Sequence[Request]) -> None:
    """A file a request, and the list of them.

    Raises:
        UsageError: the folder cannot be written.
    """
    from esmcfn.cli.reports import written
    from esmcfn.errors import UsageError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {out}: {error.strerror}",
            next_step="name a folder that you can make and write into",
        ) from error
    lines = []
    for number, each in enumerate(asked, start=1):
        written(out / f"{number}.json", json.dumps(dict(each.fields)))
        lines.append(f"{each.method} {each.path} {number}.json\n")
    written(out / "requests", "".join(lines))
