"""One comment for all environments of a pull request, within GitHub's limits whatever is in it.

What a reviewer must not miss is never dropped: marker, table, plan ids, totals, deletions, replacements, findings that
block. Where there is much of it, it is said in fewer words. The rest is cut by severity; a sentence says what was cut.

GitHub refuses a comment of more than 65,536 characters, counted in UTF-16, and drops the summary of a step of more than
1 MiB: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from esmcfn.domain.review import Expected, Planned, Rejudged, Seen, Unplanned
from esmcfn.render import rejudged, reviewing, reviewing_cost, reviewing_drift
from esmcfn.render.escape import code, hidden, safe, tag
from esmcfn.render.reviewing import Line, Terse, short

MARKER = "<!-- esmcfn:plan "
"""How the comment begins: a workflow finds it by this, and by its author."""


class Limit(Struct, frozen=True):
    """How long a text may be.

    Attributes:
        characters: UTF-16 code units, as GitHub and JavaScript count.
        octets: bytes of UTF-8.
    """

    characters: int
    octets: int

    def holds(self, text: str, share: float = 1.0) -> bool:
        octets = text.encode()
        characters = len(octets) if text.isascii() else len(text.encode("utf-16-le")) // 2
        return characters <= self.characters * share and len(octets) <= self.octets * share


COMMENT = Limit(60_000, 200_000)
"""65,536 less what a workflow puts before it when the plan is outdated; GitHub's database stops at 262,144 bytes."""

SUMMARY = Limit(1_000_000, 1_000_000)
"""1 MiB less what other tools write into the summary of the same step."""

_ROOMS = ((Terse.NO, 0.5), (Terse.BY_STACK, 0.75), (Terse.GROUPED, 1.0))
"""How many words what must be said may take, and which share of the limit it may fill with that many."""


class Where(Struct, frozen=True, kw_only=True):
    """What a comment says about where it comes from.

    Attributes:
        run: address of the workflow's run, which has the whole; empty where nobody said.
        commit: what was planned, in hexadecimal digits; empty where nobody said.
        limit: of the text.
    """

    run: str = ""
    commit: str = ""
    limit: Limit = COMMENT


def comment(seen: Sequence[Seen], expected: Expected, where: Where) -> str:
    """The comment; within the limit, and with balanced markup, whatever the environments contain."""
    for terse, share in _ROOMS:
        must = _Must(seen, expected, where, terse)
        if where.limit.holds(must.text(()), share):
            break
    else:
        must = _Must(seen, expected, where, Terse.COUNTED)
    return must.text(_chosen(must, where.limit))


def _chosen(must: _Must, limit: Limit) -> frozenset[int]:
    """Which lines of the details are shown: the most severe first; none of a severity after the first that is cut."""
    order = sorted(range(len(must.lines)), key=lambda number: (must.lines[number].severity, number))
    low, high = 0, len(order)
    while low < high:  # the text grows with every line, so that the last one that fits can be searched for
        middle = (low + high + 1) // 2
        if limit.holds(must.text(order[:middle])):
            low = middle
        else:
            high = middle - 1
    return frozenset(order[:low])


class _Must:
    """What is said in any case, in so many words, and the lines that may be said besides."""

    def __init__(self, seen: Sequence[Seen], expected: Expected, where: Where, terse: Terse) -> None:
        self._where = where
        plans = [each for each in seen if isinstance(each, Planned)]
        self._head = [*_head(seen, expected, where, terse), *_warnings(seen, expected, terse)]
        self._details = [
            (plan, _of_each_stack((*reviewing.lines(plan), *reviewing_cost.lines(plan), *reviewing_drift.lines(plan))))
            for plan in plans
        ]
        self.lines = [line for _, lines in self._details for line in lines]

    def text(self, chosen: Sequence[int] | frozenset[int]) -> str:
        """The whole comment with these lines of the details."""
        wanted, number, body, cut = set(chosen), 0, list(self._head), Counter[str]()
        for plan, lines in self._details:
            shown: list[Line] = []
            for line in lines:
                if number in wanted:
                    shown.append(line)
                else:
                    cut[line.kind] += 1
                number += 1
            if shown:
                body.extend(_folded(plan, shown))
        body.extend(self._foot(cut))
        return "\n".join(body) + "\n"

    def _foot(self, cut: Counter[str]) -> Iterator[str]:
        run = self._where.run
        whole = f"in [the run's summary and its artifacts]({run})" if run else "in the plan's file"
        if cut:
            counted = ", ".join(f"{count} {kind}" for kind, count in sorted(cut.items()))
            yield ""
            yield f"Not shown here, for its length: {counted}. Everything is {whole}."
        elif run:
            yield ""
            yield f"The plan's file is {whole}."


def _of_each_stack(lines: Sequence[Line]) -> tuple[Line, ...]:
    """What stands under one heading, together, in the order in which the headings came."""
    order = {under: number for number, under in enumerate(dict.fromkeys(line.under for line in lines))}
    return tuple(sorted(lines, key=lambda line: order[line.under]))


def _head(seen: Sequence[Seen], expected: Expected, where: Where, terse: Terse) -> Iterator[str]:
    """Marker, title, table. With very many environments the last resort is to count what nobody could read."""
    rows = list(reviewing.rows(seen, reviewing_drift.cell))
    ids = {each.environment: each.plan_id if isinstance(each, Planned) else None for each in seen}
    fits = terse is not Terse.COUNTED
    first = {"v": 1, "head": where.commit} if where.commit else {"v": 1}
    named = hidden({**first, "plans": ids})
    yield f"{MARKER}{named if fits or len(named) < 5_000 else hidden({**first, 'plans': None})} -->"
    policies = ", policies do" if expected.policies is not None and not seen else ""
    commit = f" · commit {code(where.commit[:12])}" if where.commit else ""
    yield f"## esmcfn plan · {_title(seen)}{policies}{commit}"
    if not seen:
        return
    yield ""
    yield "| environment | add | modify | replace | delete | policy | a month | drift | plan |"
    yield "| --- | ---: | ---: | ---: | ---: | --- | --- | --- | --- |"
    kept = rows if fits else reviewing.within(rows, 15_000)
    yield from kept
    if len(kept) < len(rows):
        yield f"| {len(rows) - len(kept)} more environments | | | | | | | | |"
    if len(rows) > 1:
        yield reviewing.total(seen)


def _title(seen: Sequence[Seen]) -> str:
    if not seen:
        return "no environment changes"
    failed = sum(isinstance(each, Unplanned) for each in seen)
    blocked = sum(isinstance(each, Planned) and reviewing.blocked(each) for each in seen)
    said = [f"{len(seen)} environment{'' if len(seen) == 1 else 's'}"]
    said += [f"**{failed} without a plan**"] if failed else []
    said += [f"**{blocked} blocked**"] if blocked else []
    return ", ".join(said)


def _warnings(seen: Sequence[Seen], expected: Expected, terse: Terse) -> Iterator[str]:
    """What nobody must overlook: what ends, what blocks, what failed, what is left behind."""
    plans = [each for each in seen if isinstance(each, Planned)]
    yield from _alert(
        "CAUTION", "What exists is deleted or replaced", reviewing.destruction(plans, terse), terse, 20_000
    )
    yield from _alert("WARNING", "This blocks the deployment", reviewing.blocking(seen, terse), terse)
    if expected.policies:
        yield from _policies(expected.policies, terse)
    yield from _alert("WARNING", "What somebody changed by hand", reviewing_drift.warnings(plans, terse), terse)
    yield from _alert("WARNING", "What the account's quotas hold", reviewing_drift.quotas(plans), terse)
    gone = [
        f"{code(short(name))}: its file is gone, its stacks are not; "
        f"{code(f'esmcfn destroy {short(name)} --like ANOTHER')} removes them"
        for name in expected.vanished
    ]
    yield from _alert("WARNING", "Environments without a file", gone, terse)
    sandboxed = [name for name in expected.sandbox if any(each.environment == name for each in plans)]
    if sandboxed:
        names = ", ".join(reviewing.within([code(short(name)) for name in sandboxed], 2_000))
        yield ""
        yield f"In the sandbox, planned as if nothing ran there, and not deployed by a workflow: {names}."


def _policies(found: Rejudged, terse: Terse) -> Iterator[str]:
    """What the changed policies do: who reviews a waiver or a level sees it where the plans are."""
    title = "policies/ changes here: what that blocks and lifts, by the same templates"
    words = rejudged.Words.ALL if terse in {Terse.NO, Terse.BY_STACK} else rejudged.Words.COUNTED
    unknown = [f"**unknown**: {safe(short(why, reviewing.SENTENCE_LENGTH))}" for why in found.wrong]
    lines = [*unknown, *rejudged.warnings(found.environments, words)]
    yield from _alert("WARNING" if lines else "NOTE", title, lines or ["nothing, in any environment"], terse)


def _alert(kind: str, title: str, lines: Sequence[str], terse: Terse, octets: int = 8_000) -> Iterator[str]:
    if not lines:
        return
    kept = reviewing.within(lines, octets) if terse is Terse.COUNTED else list(lines)
    yield ""
    yield f"> [!{kind}]"
    yield f"> **{title}**"
    yield from (f"> - {line}" for line in kept)
    if len(kept) < len(lines):
        yield f"> - and {len(lines) - len(kept)} more lines like these, too many for a comment: read the plan's file"


def _folded(plan: Planned, lines: Sequence[Line]) -> Iterator[str]:
    name, account, region = (tag(short(text)) for text in (plan.environment, plan.account, plan.region))
    yield ""
    yield f"<details><summary>{name}: account {account}, {region}</summary>"
    yield ""
    under = None
    for line in lines:
        if line.under != under:
            under = line.under
            yield f"- {safe(under) if not line.stack else code(under)}"
        yield f"{'    ' if line.deep else '  '}- {line.text}"
    yield ""
    yield f"Plan {code(plan.plan_id)}, to be deployed until {code(short(plan.expires_at, 30))}."
    yield ""
    yield "</details>"
