"""`esmcfn validate`, `build`, `check`: what needs no AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.report import Report
    from esmcfn.verbs.offline import Given


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

    if out:
        run.refuse_wrong()
    return run.emit(run.outcomes(lambda project, selection, world: placed(offline.build(selection), out)))


@click.command(
    short_help="Judge the built templates.",
    epilog="""\b
Examples:
  esmcfn check dev
  esmcfn check --all -f json
  esmcfn check dev --template other.json
  esmcfn check --all --base origin/main    what new policies block and lift
""",
)
@options.reports("check", formats=(*options.FORMATS, *options.OF_FINDINGS))
@click.option(
    "--template",
    "templates",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    envvar="ESMCFN_TEMPLATE",
    help="Judge this CloudFormation template (JSON) in place of what is built; may be repeated.",
)
@click.option(
    "--base",
    metavar="REF",
    default="",
    envvar="ESMCFN_BASE",
    help="Judge by the policies of this branch, tag or commit as well, and say what those of today block and lift.",
)
def check(run: Run, *, templates: tuple[Path, ...], base: str) -> int:
    """Judge the built templates: cfn-lint, checkov and the house rules, waivers applied."""
    from esmcfn.cli.rejudging import asked
    from esmcfn.verbs import offline

    _tell_unsaid(run, templates)
    given = tuple(_given(path) for path in templates)
    with asked(run, base) as then:
        return run.emit(
            run.outcomes(
                lambda project, selection, world: offline.check(project, selection, world, given=given, then=then)
            )
        )


def _tell_unsaid(run: Run, templates: tuple[Path, ...]) -> None:
    """Less is judged than the words say where the shell's environment says so, and no format may hide that."""
    from click.core import ParameterSource

    from esmcfn.cli.streams import told
    from esmcfn.errors import shown

    names = {"models": sorted(run.models), "templates": [path.as_posix() for path in templates]}
    for variable, name in (("ESMCFN_MODEL", "models"), ("ESMCFN_TEMPLATE", "templates")):
        if click.get_current_context().get_parameter_source(name) is ParameterSource.ENVIRONMENT:
            told(f"note: {variable} is set: only {', '.join(map(shown, names[name]))} is judged")


def _given(path: Path) -> Given:
    """A template that somebody else wrote.

    Raises:
        InputError: it is not one, or not in JSON.
    """
    import json

    from esmcfn.errors import InputError, Problem
    from esmcfn.verbs.offline import Given

    try:
        text = path.read_text("utf-8-sig")
        body = json.loads(text)
    except OSError as error:
        raise InputError((Problem(str(path), 1, 1, f"the file cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        raise InputError((Problem(str(path), 1, 1, "the file is not UTF-8", "save it as UTF-8"),)) from error
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        said = f"not JSON: {getattr(error, 'msg', 'nested too deeply')}"
        raise InputError((Problem(str(path), line, column, said, "a template is judged in JSON"),)) from error
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        raise InputError((Problem(str(path), 1, 1, "not a CloudFormation template: it has no Resources"),))
    return Given(path=path.as_posix(), text=text, body=body)


def placed(report: Report, folder: Path | None) -> Report:
    """The same report, its templates written where they were asked for."""
    from msgspec.structs import replace

    from esmcfn.cli.reports import written
    from esmcfn.domain.report import Built
    from esmcfn.errors import UsageError

    if folder is None or not isinstance(report.body, Built):
        return report
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {folder}: {error.strerror}",
            next_step="name a folder that you can make and write into",
        ) from error
    paths = {template.stack.name: folder / f"{template.stack.name}.json" for template in report.body.templates}
    for template in report.body.templates:
        written(paths[template.stack.name], template.text)
    shown = {name: path.as_posix() for name, path in paths.items()}
    return replace(report, body=replace(report.body, written=shown))
