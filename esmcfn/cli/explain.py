"""`esmcfn explain`."""

from __future__ import annotations

import click


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from esmcfn.policy.house import RULES

    return [rule.id for rule in RULES if rule.id.startswith(incomplete.upper())]


@click.command(
    short_help="Say why a rule exists.",
    epilog="\b\nExamples:\n  esmcfn explain ESM001\n  esmcfn explain CKV_AWS_149\n",
)
@click.argument("rule", shell_complete=_complete)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    envvar="ESMCFN_FORMAT",
    help="JSON is the promise; text may change.",
)
def explain(rule: str, form: str) -> None:
    """Say why a rule exists, with its source, a good and a bad example."""
    from esmcfn.errors import UsageError, did_you_mean
    from esmcfn.policy.foreign import engine_of
    from esmcfn.policy.house import RULES, find
    from esmcfn.render.explanation import explained, pointed

    known = find(rule)
    if known is None and (foreign := engine_of(rule)):
        engine, level, source = foreign
        click.echo(pointed(rule=rule.upper(), engine=engine, level=level, source=source, form=form), nl=False)
        return
    if known is None:
        near = did_you_mean(rule.upper(), [each.id for each in RULES])
        raise UsageError(
            f"no engine has a rule {rule}",
            next_step=near or f"house rules: {', '.join(each.id for each in RULES)}",
        )
    facts = {
        "rule": known.id,
        "severity": known.severity.value,
        "level": known.level.value,
        "summary": known.summary,
        "why": known.why,
        "source": known.source,
        "good": known.good,
        "bad": known.bad,
    }
    click.echo(explained(facts, form), nl=False)
