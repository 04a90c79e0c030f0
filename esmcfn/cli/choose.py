"""`esmcfn choose`: of the plans of several runs those that this checkout builds to. Reads files, calls nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.domain.choice import Choice
    from esmcfn.domain.project import Project
    from esmcfn.domain.stack import Selection


@click.command(
    short_help="Of several runs' plans, take those that were reviewed.",
    epilog="""\b
Examples:
  esmcfn choose runs/102 runs/101 --out reviewed    the newest first
""",
)
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIR...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    envvar="ESMCFN_CHOOSE_OUT",
    help="Folder to copy the chosen plans into, one file an environment.",
)
@options.form("text", "json")
@click.pass_context
def choose(ctx: click.Context, folders: tuple[Path, ...], *, out: Path, form: str) -> int:
    """Take, for each environment, the first plan that the working tree builds to; name the folders newest first.

    Where none fits the newest plan is taken, so that `deploy --plan` refuses it and says what differs. Nothing is
    trusted by it: what is executed `deploy --plan` compares anew.
    """
    from esmcfn.cli.streams import printed
    from esmcfn.inputs import environment_names, load
    from esmcfn.inputs.reviewed import candidates
    from esmcfn.render.chosen import render
    from esmcfn.selection import select
    from esmcfn.verbs.plan.choosing import chosen

    root: Path = ctx.obj["root"]
    names = environment_names(root)

    def selected(name: str) -> tuple[Project, Selection]:
        loaded = load(root, name)
        return loaded.project, select(loaded.project, problems=loaded.problems)

    found = [each for folder in folders for each in candidates(folder, names)]
    choices = chosen(found, selected)
    _copied(choices, out)
    printed(render(form, choices))
    return 0


def _copied(choices: tuple[Choice, ...], folder: Path) -> None:
    from esmcfn.errors import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in choices:
            (folder / f"{each.environment}.json").write_bytes(Path(each.file).read_bytes())
    except OSError as error:
        raise UsageError(
            f"cannot copy plans into {folder}: {error.strerror}",
            next_step="name a folder that you can make and write into",
        ) from error
