"""One rule, explained."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from textwrap import indent


def explained(facts: Mapping[str, str], form: str) -> str:
    """What is known of a rule, as text or as `esmcfn.explain/v1`; a fact that is empty is not known."""
    known = {name: fact for name, fact in facts.items() if fact}
    if form == "json":
        return json.dumps({"schema": "esmcfn.explain/v1", **known}, indent=2, ensure_ascii=False) + "\n"
    return "\n\n".join(_paragraphs(known)) + "\n"


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
