"""`esmcfn validate`, `build`, `check`: what needs no AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.report import Report


@click.command(epilog="\b\nExamples:\n  esmcfn validate dev\n  esmcfn validate --all -f json\n")
@options.reports("validate")
def validate(run: Run) -> int:
    """Judge the YAML alone, every problem with its line."""
    from esmcfn.verbs import offline

    return run.emit(run.outcomes(lambda project, selection, world: offline.validate(selection)))


@click.command(
    short_help="Write the CloudFormation templates.",
    epilog="\b\nExamples:\n  esmcfn build dev --out templates\n  esmcfn build dev | less\n",
)
@options.reports("build")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="ESMCFN_BUILD_OUT",
    help="Folder to write one file a stack into.",
)
def build(run: Run, *, out: Path | None) -> int:
    """Write the CloudFormation templates; on standard output they are one YAML stream of JSON documents."""
    from esmcfn.verbs import offline

    return run.emit(run.outcomes(lambda project, selection, world: _placed(offline.build(selection), out)))


@click.command(
    short_help="Judge the built templates.",
    epilog="\b\nExamples:\n  esmcfn check dev\n  esmcfn check --all -f json\n",
)
@options.reports("check")
def check(run: Run) -> int:
    """Judge the built templates: cfn-lint, checkov and the house rules."""
    from esmcfn.verbs import offline

    return run.emit(run.outcomes(offline.check))


def _placed(report: Report, folder: Path | None) -> Report:
    """The same report, its templates written where they were asked for."""
    from msgspec.structs import replace

    from esmcfn.cli.compose import written
    from esmcfn.domain.report import Built
    from esmcfn.errors import UsageError

    if folder is None or not isinstance(report.body, Built):
        return report
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {error.strerror}") from error
    paths = {template.stack.name: folder / f"{template.stack.name}.json" for template in report.body.templates}
    for template in report.body.templates:
        written(paths[template.stack.name], template.text)
    shown = {name: path.as_posix() for name, path in paths.items()}
    return replace(report, body=replace(report.body, written=shown))
