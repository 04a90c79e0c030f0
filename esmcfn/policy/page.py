"""docs/rules.md, made from the rules: `python -m esmcfn.policy.page > docs/rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from esmcfn.policy.explanation import OWN
from esmcfn.policy.graph import GRAPH_RULES
from esmcfn.policy.house import RULES
from esmcfn.policy.house.rule import Described

LONGEST_LINE = 200
"""Characters of a line of an example that are shown: one of them is a template that is too large."""

_HEAD = """\
<!-- Generated: python -m esmcfn.policy.page > docs/rules.md -->
# Rules

What neither cfn-lint nor checkov knows: {house} house rules (`ESM...`), which read the template together with catalog,
environment and policy, and {graph} checks for checkov (`CKV2_ESM_...`), which need nothing but the template and run
with checkov alone: `checkov --framework cloudformation --external-checks-dir policies/checkov -d TEMPLATES`.
Checks of your own stand in `policies/checkov` as YAML or JSON. A program there (`.py`) is an error: esmcfn never runs
code of the repository that it judges, since whoever may open a pull request may write it. So is a file that checkov
would leave out without a word: without id, name, category or definition, with an ending in capitals, with an id that
another check has or that is not like `CKV2_ACME_1`. An operator, a `cond_type` or a resource type that there is not is
a finding that blocks (`ESMCFN-CHECKOV`). Of two checks with one id the root's counts: a `CKV2_ESM_3` of your own takes
the place of ours, and is soft where `levels` says nothing. `esmcfn check --base` and the comment on a pull request tell
of every check that was added, changed, removed or replaced.

`esmcfn explain RULE` says the same about each of them, and asks cfn-lint and checkov about theirs.
`esmcfn check ENVIRONMENT --template FILE` judges a template that esmcfn did not write.

## Levels

| level | in a report | blocks | who lifts it |
|---|---|---|---|
| advisory | shown | never | |
| soft | shown | yes | a waiver |
| hard | shown | yes | nobody |

The level decides the exit code, whatever the engine's own severity. `policies/levels.yaml` sets levels by id, of all
three engines alike, for every environment or for one; without it a rule has the level below, cfn-lint's errors are hard
and its warnings advisory, checkov's checks are soft. A level of a rule that no engine has is a finding that blocks.

    levels:
      CKV_AWS_149: soft
    environments:
      prod:
        levels:
          ESM012: soft

Rules about production hold where `production: ["prod*"]` says so. It stands in policies/ and not in the environment's
own file, so that whoever writes the one does not decide the other. `limits`, `quotas`, `allowed_instance_types`,
`allowed_registries` and `required_tags` are what rules judge by; each may be set for one environment, too. A list of
what is allowed is never empty: leave the key out to allow all. Every key is in [schemas/README.md](schemas/README.md).

Only `policies/*.yaml` and `policies/checkov` are read. YAML elsewhere in the folder (`policies/levels.yml`,
`policies/more/levels.yaml`) is an error; hidden files belong to editors, and are not looked at.

## Waivers

`policies/waivers.yaml` holds signed exceptions to soft rules, one entry a waiver:

    waivers:
      - rule: CKV_AWS_149
        environment: dev               # a name, or a glob
        resource: InvokeSecret         # a stack, a selected model's key, a logical id, or key/Model; globs
        reason: the AWS managed key will do until the account has one of its own
        owner: platform@example.com    # who mends it
        approver: security@example.com # who allowed it: not whoever wrote this entry, as git tells
        ticket: SEC-142
        created: 2026-11-01
        expires: 2027-03-01            # 180 days after `created` at most

What a waiver covers stays in every report, marked and counted. Nothing else lifts a rule: what somebody writes into a
template's Metadata counts for nothing.

## Findings about judging itself

No level and no waiver changes these.

| finding | level | what it asks |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    every: Sequence[Described] = (*RULES, *GRAPH_RULES)
    head = _HEAD.format(house=len(RULES), graph=len(GRAPH_RULES))
    own = [f"| {each.rule} | {each.level} | {each.summary} |" for each in OWN.values()]
    lines = [*own, "", "## Rules", "", *_table(every), "", *(line for rule in every for line in _section(rule))]
    return head + "\n".join(lines).rstrip() + "\n"


def shortened(example: str) -> str:
    """An example as people read it."""
    lines = example.rstrip().splitlines()
    return "\n".join(
        line if len(line) <= LONGEST_LINE else f"{line[:60]}... # {len(line) - 60:,} more characters" for line in lines
    )


def _table(rules: Sequence[Described]) -> Iterator[str]:
    yield "| rule | level | severity | what it asks |"
    yield "|---|---|---|---|"
    for rule in rules:
        yield f"| [{rule.id}](#{rule.id.lower()}) | {rule.level} | {rule.severity} | {rule.summary} |"


def _section(rule: Described) -> Iterator[str]:
    yield f"## {rule.id}"
    yield f"**{rule.summary}.** {rule.why}"
    yield ""
    yield f"To mend it: {rule.advice}."
    yield ""
    yield f"Level {rule.level}, severity {rule.severity}. See <{rule.source}>."
    for word, example in (("Good", rule.good), ("Bad", rule.bad)):
        yield from ("", f"{word}:", "```yaml", shortened(example), "```")
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
