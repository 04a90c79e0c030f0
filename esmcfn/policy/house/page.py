"""docs/rules.md, made from the rules: `python -m esmcfn.policy.house.page > docs/rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from esmcfn.policy.house import RULES
from esmcfn.policy.house.rule import Rule

_HEAD = """\
<!-- Generated: python -m esmcfn.policy.house.page > docs/rules.md -->
# House rules

What neither cfn-lint nor checkov knows. `advisory` never blocks; `soft` blocks until a waiver is signed;
`hard` blocks and cannot be waived. A root's `policies/*.yaml` changes levels and limits by name; what applies
where it says nothing stands in `esmcfn/policy/defaults.yaml`.

An engine that is missing, crashes, hangs or does not answer in JSON is a finding too, always hard:
`ESMCFN-CHECKOV` or `ESMCFN-CFN-LINT`. Its message names the command that mends it. So is a level of a rule
that no engine has: `ESMCFN-LEVELS`. `esmcfn explain` knows all of these, and asks the engines about theirs.
"""


def page(rules: Sequence[Rule] = RULES) -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_table(rules), "", *(line for rule in rules for line in _section(rule))]).rstrip() + "\n"


def _table(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| rule | level | severity | what it asks |"
    yield "|---|---|---|---|"
    for rule in rules:
        yield f"| [{rule.id}](#{rule.id.lower()}) | {rule.level} | {rule.severity} | {rule.summary} |"


def _section(rule: Rule) -> Iterator[str]:
    yield f"## {rule.id}"
    yield f"**{rule.summary}.** {rule.why}"
    yield ""
    yield f"Level {rule.level}, severity {rule.severity}. See <{rule.source}>."
    for word, example in (("Good", rule.good), ("Bad", rule.bad)):
        yield from ("", f"{word}:", "```yaml", example.rstrip(), "```")
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
