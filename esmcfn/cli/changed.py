"""`esmcfn changed`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.domain.changed import AsBuilt
    from esmcfn.domain.project import Project
    from esmcfn.domain.stack import Selection


@click.command(
    short_help="Name the environments that are built otherwise than before.",
    epilog="""\b
Examples:
  esmcfn changed --base origin/main
  esmcfn changed --base HEAD^1 -f json    for the matrix of a workflow
""",
)
@click.option(
    "--base", metavar="REF", required=True, envvar="ESMCFN_BASE", help="Branch, tag or commit to compare with."
)
@options.form("text", "json")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_OUTPUT",
    help="Write the report to a file instead of standard output.",
)
@click.pass_context
def changed(ctx: click.Context, *, base: str, form: str, output: Path | None) -> int:
    """Name the environments that the working tree builds otherwise than a commit does.

    Both are built by this esmcfn, and nothing of the commit is executed. A comment in the YAML changes nothing; an
    entry of the catalog changes the environments that select it. What cannot be built counts as changed.
    """
    from tempfile import TemporaryDirectory

    from esmcfn.cli.reports import reportable, written
    from esmcfn.cli.streams import printed
    from esmcfn.inputs import history
    from esmcfn.render.changed import render
    from esmcfn.verbs.plan.changing import changed as compared

    root: Path = ctx.obj["root"]
    if output:
        reportable(output)
    commit = history.commit_of(root, base)
    with TemporaryDirectory(prefix="esmcfn-") as folder:
        history.written(root, commit, Path(folder))
        found = compared(base, commit, then=_built(Path(folder)), now=_built(root))
    text = render(form, found)
    if output:
        written(output, text)
    else:
        printed(text)
    return 0


def _built(root: Path) -> dict[str, AsBuilt]:
    from esmcfn.inputs import environment_names, load
    from esmcfn.selection import select
    from esmcfn.verbs.plan.changing import as_built

    def selected(name: str) -> tuple[Project, Selection]:
        loaded = load(root, name)
        return loaded.project, select(loaded.project, problems=loaded.problems)

    return dict(as_built(environment_names(root), selected))
