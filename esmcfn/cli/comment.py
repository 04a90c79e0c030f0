"""`esmcfn comment`: many plans as one comment. Reads files, calls nothing."""

from __future__ import annotations

from pathlib import Path

import click


def address(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """An address that can stand in a Markdown link."""
    import re

    if value and not re.fullmatch(r"https?://[\w.:/?=&%~#+-]{1,500}", value, re.ASCII):
        raise click.BadParameter("write an address such as https://github.com/OWNER/REPOSITORY/actions/runs/1")
    return value


def sha(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """The name of a commit, as git writes it out."""
    import re

    if value and not re.fullmatch(r"[0-9a-f]{7,64}", value):
        raise click.BadParameter("write a commit's hexadecimal digits, as `git rev-parse HEAD` does")
    return value


@click.command(
    short_help="Render plans as a pull request's comment.",
    epilog="""\b
Examples:
  esmcfn plan dev --out plans/dev.json; esmcfn comment plans/*.json
  esmcfn comment plans/*.json --whole >> "$GITHUB_STEP_SUMMARY"
  esmcfn comment plans/*.json --changed changed.json --output comment.md
""",
)
@click.argument("plans", nargs=-1, metavar="PLAN.json...", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--changed",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_CHANGED",
    help="What `esmcfn changed -f json` wrote: an environment in it that has no plan is said to have none.",
)
@click.option(
    "--policies",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_POLICIES",
    help="What `esmcfn check --all --base REF -f json` wrote: what changed policies block and lift. "
    "A file that is missing is said to be missing.",
)
@click.option(
    "--whole", is_flag=True, envvar="ESMCFN_WHOLE", help="As long as a workflow's summary may be, not a comment."
)
@click.option(
    "--run-url",
    metavar="URL",
    default="",
    envvar="ESMCFN_RUN_URL",
    callback=address,
    help="The workflow's run, named where something was cut.",
)
@click.option(
    "--commit",
    metavar="SHA",
    default="",
    envvar="ESMCFN_COMMIT",
    callback=sha,
    help="The commit that was planned, named in the title.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_OUTPUT",
    help="Write the comment to a file instead of standard output.",
)
def comment(
    plans: tuple[Path, ...],
    *,
    changed: Path | None,
    policies: Path | None,
    whole: bool,
    run_url: str,
    commit: str,
    output: Path | None,
) -> int:
    """Render the files of `plan --out` as one comment in Markdown, for all environments of a pull request.

    It is written in any case; exit code 6 says that a file is not as esmcfn wrote it.
    """
    from msgspec.structs import replace

    from esmcfn.cli.reports import reportable, written
    from esmcfn.cli.streams import printed
    from esmcfn.domain.review import Expected, Unplanned
    from esmcfn.errors import ExitCode, UsageError
    from esmcfn.inputs.planned import expected, rejudged, seen
    from esmcfn.render.comment import COMMENT, SUMMARY, Where
    from esmcfn.render.comment import comment as rendered

    if not plans and changed is None and policies is None:
        raise UsageError("name the files of plans", next_step="esmcfn plan dev --out dev.json; esmcfn comment dev.json")
    if output:
        reportable(output)
    wanted = expected(changed) if changed else None
    found = seen(plans, wanted)
    wanted = replace(wanted or Expected(), policies=rejudged(policies) if policies else None)
    text = rendered(found, wanted, Where(run=run_url, commit=commit, limit=SUMMARY if whole else COMMENT))
    if output:
        written(output, text)
    else:
        printed(text)
    forged = any(isinstance(each, Unplanned) and each.exit_code is ExitCode.STALE for each in found)
    return int(ExitCode.STALE if forged else ExitCode.DONE)
