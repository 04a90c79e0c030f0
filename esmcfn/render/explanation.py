"""One rule, explained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from textwrap import indent


def explained(facts: Mapping[str, str], form: str) -> str:
    """The rule's own words, as text or as `esmcfn.explain/v1`."""
    if form == "json":
        return json.dumps({"schema": "esmcfn.explain/v1", **facts}, indent=2, ensure_ascii=False) + "\n"
    return (
        f"{facts['rule']}  {facts['level']}  {facts['summary']}\n\n"
        f"{facts['why']}\n\n"
        f"Source: {facts['source']}\n\n"
        f"Good:\n{indent(facts['good'].strip(), '  ')}\n\n"
        f"Bad:\n{indent(facts['bad'].strip(), '  ')}\n"
    )


def pointed(*, rule: str, engine: str, level: str, source: str, form: str) -> str:
    """A rule that another engine explains on its own pages."""
    if form == "json":
        facts = {"schema": "esmcfn.explain/v1", "rule": rule, "engine": engine, "level": level, "source": source}
        return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    return (
        f"{rule}  {level}  a rule of {engine}\n\nSource: {source}\n\n"
        f"The level is the default; `levels:` in policies/*.yaml sets another, for example {rule}: advisory.\n"
    )
