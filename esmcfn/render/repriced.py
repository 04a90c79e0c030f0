"""What the price list says now, for people."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.report import Refreshed, Repriced
from esmcfn.render.escape import code, safe

NOTHING = "no model is selected, so nothing was asked and nothing written"


def text(refreshed: Refreshed) -> Iterator[str]:
    """A line a price."""
    if not refreshed.prices:
        yield f"{refreshed.environment} · {NOTHING}"
        return
    yield f"{refreshed.environment} · {refreshed.path}"
    for each in refreshed.prices:
        price = each.after
        yield f"    {price.region}  {price.instance_type}  {_change(each)} USD an hour, {price.as_of}"
        yield f"        {price.source}"


def markdown(refreshed: Refreshed) -> Iterator[str]:
    """A row a price."""
    if not refreshed.prices:
        yield f"### {safe(refreshed.environment)}: {NOTHING}"
        return
    yield f"### {safe(refreshed.environment)}: {code(refreshed.path)}"
    yield ""
    yield "| region | type | USD an hour | as of | source |"
    yield "| --- | --- | ---: | --- | --- |"
    for each in refreshed.prices:
        price = each.after
        yield (
            f"| {price.region} | {code(price.instance_type)} | {_change(each)} | {price.as_of} | {safe(price.source)} |"
        )


def _change(each: Repriced) -> str:
    if each.before is None:
        return f"{each.after.usd_per_hour} (unknown before)"
    if each.before.usd_per_hour == each.after.usd_per_hour:
        return f"{each.after.usd_per_hour} (as before)"
    return f"{each.before.usd_per_hour} -> {each.after.usd_per_hour}"
