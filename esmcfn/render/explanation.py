"""One rule, explained; or all of the house, listed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from textwrap import indent

from msgspec import Struct, to_builtins


def explained(facts: Mapping[str, str], form: str) -> str:
    """What is known of a rule, as text or as `esmcfn.explain/v1`; a fact that is empty is not known."""
    known = {name: fact for name, fact in facts.items() if fact}
    if form == "json":
        return json.dumps({"schema": "esmcfn.explain/v1", **known}, indent=2, ensure_ascii=False) + "\n"
    return "\n\n".join(_paragraphs(known)) + "\n"


class Listed(Struct, frozen=True, kw_only=True):
    """A rule, in a line.

    Attributes:
        engine: house, or checkov for those of ours that it runs.
        level: the one in force in this root.
    """

    rule: str
    engine: str
    level: str
    summary: str


def listed(rules: Sequence[Listed], form: str) -> str:
    """A line a rule, as text or as `esmcfn.rules/v1`."""
    if form == "json":
        document = {"schema": "esmcfn.rules/v1", "rules": to_builtins(rules)}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    widest = max((len(each.rule) for each in rules), default=0)
    return "".join(f"{each.rule:<{widest}}  {each.level:<8}  {each.summary}\n" for each in rules)


def _paragraphs(facts: Mapping[str, str]) -> Iterator[str]:
    rule, engine = facts["rule"], facts["engine"]
    whose = "" if engine == "house" else f" ({engine})"
    foreign = whose and "good" not in facts
    yield f"{rule}  {facts['level']}  {facts.get('summary', 'a rule by the look of its id')}{whose}"
    for name in ("unasked", "why"):
        if name in facts:
            yield facts[name]
    if "advice" in facts:
        yield f"To mend it: {facts['advice']}."
    if "source" in facts:
        yield f"Source: {facts['source']}"
    for name in ("good", "bad"):
        if name in facts:
            yield f"{name.title()}:\n{indent(facts[name].strip(), '  ')}"
    if foreign and not rule.startswith("ESMCFN-"):
        yield f"This level is in force here; `levels:` in policies/*.yaml sets another, for example {rule}: advisory."
