"""`esmcfn explain`."""

from __future__ import annotations

from pathlib import Path

import click

from esmcfn.cli import options
from esmcfn.cli.streams import printed


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from esmcfn.policy.explanation import OWN
    from esmcfn.policy.graph import GRAPH_RULES
    from esmcfn.policy.house import RULES

    known = [*(rule.id for rule in (*RULES, *GRAPH_RULES)), *OWN]
    return [rule for rule in known if rule.startswith(incomplete.upper())]


@click.command(
    short_help="Say why a rule exists.",
    epilog="""\b
Examples:
  esmcfn explain                every rule of the house
  esmcfn explain ESM001
  esmcfn explain CKV_AWS_149
""",
)
@click.argument("rule", required=False, shell_complete=_complete)
@options.form("text", "json")
@click.pass_context
def explain(ctx: click.Context, rule: str | None, form: str) -> None:
    """Say why a rule exists, with its source, a good and a bad example.

    Without a rule, list those of the house with the level that each has here.
    """
    from esmcfn.inputs import levels, own_checks
    from esmcfn.policy import house
    from esmcfn.policy.graph import BY_ID
    from esmcfn.policy.page import shortened
    from esmcfn.render.explanation import explained

    if rule is None:
        printed(_every(ctx.obj["root"], form))
        return
    ours = BY_ID.get(rule.upper())
    known = ours or house.find(rule)
    if known is None or (ours and ours.id in own_checks(ctx.obj["root"])):
        printed(explained(_foreign(ctx.obj["root"], rule), form))
        return
    level = levels(ctx.obj["root"]).get(known.id, known.level)
    facts = {
        "rule": known.id,
        "engine": "checkov" if ours else "house",
        "severity": known.severity.value,
        "level": level.value,
        "summary": known.summary,
        "why": known.why,
        "advice": known.advice,
        "source": known.source,
        "good": shortened(known.good) if form == "text" else known.good,
        "bad": shortened(known.bad) if form == "text" else known.bad,
    }
    printed(explained(facts, form))


def _every(root: Path, form: str) -> str:
    from esmcfn.inputs import levels, own_checks
    from esmcfn.policy.checkov import DEFAULT
    from esmcfn.policy.graph import GRAPH_RULES
    from esmcfn.policy.house import RULES
    from esmcfn.render.explanation import Listed, listed

    here, own = levels(root), own_checks(root)
    rules = [
        Listed(
            rule=each.id,
            engine=engine,
            level=here.get(each.id, DEFAULT if each.id in own else each.level).value,
            summary=f"another check stands in its place: {own[each.id].file}" if each.id in own else each.summary,
        )
        for engine, those in (("house", RULES), ("checkov", GRAPH_RULES))
        for each in those
    ]
    return listed(rules, form)


def _foreign(root: Path, rule: str) -> dict[str, str]:
    """What another engine says about its rule.

    Raises:
        InputError: there is a program among the root's own checks.
        UsageError: no engine has it.
    """
    from esmcfn.errors import InputError, UsageError, did_you_mean
    from esmcfn.inputs import levels
    from esmcfn.inputs.policy import CHECKS, programs
    from esmcfn.policy.cures import cure
    from esmcfn.policy.engine import Surroundings
    from esmcfn.policy.explanation import OWN, Unknown
    from esmcfn.policy.explanation import explain as looked_up
    from esmcfn.policy.graph import BY_ID
    from esmcfn.policy.house import RULES

    if problems := tuple(programs(root)):
        raise InputError(problems)
    asked = rule.upper()
    # A rule means the same in every region; an engine only wants to hear of one.
    found = looked_up(asked, Surroundings(region="us-east-2", checks=root / CHECKS))
    if isinstance(found, Unknown):
        ours = [*(each.id for each in RULES), *BY_ID, *OWN]
        near = found.near or did_you_mean(asked[:80], ours) or f"house rules: {RULES[0].id} to {RULES[-1].id}"
        said = rule if rule.isprintable() and len(rule) <= 80 else repr(rule[:80])
        raise UsageError(f"no engine has a rule {said}", next_step=near)
    return {
        "rule": found.rule,
        "engine": found.engine.value,
        "severity": found.severity,
        "level": (found.level if asked in OWN else levels(root).get(asked, found.level)).value,
        "summary": found.summary,
        "why": found.why,
        "advice": cure(asked),
        "source": found.source,
        "unasked": found.unasked,
    }
