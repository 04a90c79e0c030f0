"""Waivers put to findings: pure. No finding is dropped, and a waiver that does not hold is a finding itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.waiver import DRIFT_RULE, SOON_DAYS, Waiver, Writers
from esmcfn.errors import did_you_mean, shown
from esmcfn.policy.signature import persons

AUTHOR_RULE = "ESMCFN-WAIVER-AUTHOR"
EXPIRED_RULE = "ESMCFN-WAIVER-EXPIRED"
EXPIRING_RULE = "ESMCFN-WAIVER-EXPIRING"
SELF_RULE = "ESMCFN-WAIVER-SELF"
UNUSED_RULE = "ESMCFN-WAIVER-UNUSED"


class Signatures(Struct, frozen=True, kw_only=True):
    """What there is to know besides findings and waivers.

    Attributes:
        environment: name of the one that was judged.
        known: every environment of the root.
        today: the day on which waivers have to hold.
        authors: who wrote a waiver, as far as anybody can tell.
        base: the environment's base stack, which what concerns the environment as a whole may be waived by; empty
            where nothing of that kind is judged.
        heard: did the engine of this rule judge everything that the environment selects? Only then is a waiver that
            covers nothing of no use.
        keys: of every model that the environment selects.
    """

    environment: str
    known: Sequence[str]
    today: date
    authors: Callable[[Waiver], Writers]
    heard: Callable[[str], bool]
    base: str = ""
    keys: Sequence[str] = ()


def waived(findings: Iterable[Finding], waivers: Sequence[Waiver], signed: Signatures) -> Iterator[Finding]:
    """Every finding, with the waiver in force for it, and then what is wrong with the waivers themselves."""
    return chain(*apart(findings, waivers, signed))


def apart(
    findings: Iterable[Finding], waivers: Sequence[Waiver], signed: Signatures
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Every finding, with the waiver in force for it; and, apart from those, what is wrong with the waivers."""
    here = [waiver for waiver in waivers if fnmatchcase(signed.environment, waiver.environment)]
    covered: dict[Waiver, list[Finding]] = {waiver: [] for waiver in here}
    writers = {waiver: signed.authors(waiver) for waiver in here if waiver.in_force(signed.today)}
    by_author = {waiver: _signed_by_author(waiver, wrote) for waiver, wrote in writers.items()}
    marked: list[Finding] = []
    for finding in findings:
        fitting = [waiver for waiver in here if _covers(waiver, finding, signed)]
        for waiver in fitting:
            covered[waiver].append(finding)
        holding = [waiver for waiver in fitting if by_author.get(waiver) is False]
        lifted = bool(holding) and finding.level is not Level.HARD
        marked.append(replace(finding, waiver=holding[0]) if lifted else finding)
    complaints: list[Finding] = []
    for waiver in waivers:
        if waiver in covered:
            complaints += _judged(waiver, covered[waiver], by_author.get(waiver, False), signed)
            if by_author.get(waiver) is False and any(each.level is not Level.HARD for each in covered[waiver]):
                complaints += _untold(waiver, writers[waiver])
        elif not any(fnmatchcase(known, waiver.environment) for known in signed.known):
            near = did_you_mean(waiver.environment, signed.known) or f"there are {', '.join(signed.known) or 'none'}"
            said = f"there is no environment {shown(waiver.environment)} ({near})"
            complaints.append(_finding(UNUSED_RULE, waiver, said, "correct its environment, or remove it"))
    return tuple(marked), tuple(complaints)


def _covers(waiver: Waiver, finding: Finding, signed: Signatures) -> bool:
    """Is it about this? A glob may mean the stack, the selected model, the resource, or a resource of either.

    What is about the environment as a whole is of its base stack, and has the key of its file for a resource. A key
    means its model alone, also where resources of others are called so.
    """
    if waiver.rule != finding.rule:
        return False
    if waiver.resource in signed.keys:
        return finding.model == waiver.resource
    whole = not finding.stack and signed.base
    above = [name for name in (signed.base if whole else finding.stack, finding.model) if name]
    thing = finding.path.rpartition(":")[2] if whole else finding.logical_id
    names = [*above, finding.logical_id, thing, *(f"{name}/{thing}" for name in above)]
    return any(fnmatchcase(name, waiver.resource) for name in names)


def _signed_by_author(waiver: Waiver, wrote: Writers) -> bool:
    """Did one of those who wrote it approve it? Nobody is accused where git cannot tell, which is then told."""
    return not persons(waiver.approver).isdisjoint(each for name in wrote.names for each in persons(name))


def _judged(waiver: Waiver, covered: Sequence[Finding], by_author: bool, signed: Signatures) -> Iterator[Finding]:
    """What is to be said about a waiver of this environment: at most one thing."""
    left = (waiver.expires - signed.today).days
    liftable = [finding for finding in covered if finding.level is not Level.HARD]
    if left < 0:
        again = f", and what it covered counts again ({len(liftable)})" if liftable else ""
        mend = f"mend what it covers and remove it; {shown(waiver.owner)} owns it"
        yield _finding(EXPIRED_RULE, waiver, f"it expired on {waiver.expires}{again}", mend)
    elif signed.today < waiver.created:
        yield _finding(UNUSED_RULE, waiver, f"it begins on {waiver.created}", "until then it lifts nothing")
    elif by_author:
        said = f"{shown(waiver.approver)} wrote it and approves it"
        yield _finding(SELF_RULE, waiver, f"{said}, so it lifts nothing", "let somebody else approve it")
    elif covered and not liftable and waiver.rule == DRIFT_RULE:
        mend = (
            "put that back as drift says, so that the waiver holds for what else drifts of the resource, or remove it"
        )
        said = f"it accepts nothing: this drift has the level hard, which nothing lifts ({covered[0].message})"
        yield _finding(UNUSED_RULE, waiver, said, mend)
    elif covered and not liftable:
        mend = f"no waiver lifts it: mend what {waiver.rule} says, and remove the waiver"
        yield _finding(UNUSED_RULE, waiver, f"{waiver.rule} is hard here", mend)
    elif not covered and signed.heard(waiver.rule):
        mend = "remove it; if something is still wrong, compare its rule and resource with the finding's"
        yield _finding(UNUSED_RULE, waiver, "it covers nothing", mend)
    elif covered and left <= SOON_DAYS:
        days = "today" if left == 0 else f"in {left} day{'' if left == 1 else 's'}, on {waiver.expires}"
        mend = f"mend what it covers, or have it approved anew; {shown(waiver.owner)} owns it"
        yield _finding(EXPIRING_RULE, waiver, f"it expires {days}", mend)


def _untold(waiver: Waiver, wrote: Writers) -> Iterator[Finding]:
    """It lifts something, and nobody knows that its approver is not its author."""
    if wrote.untold:
        said = f"whether {shown(waiver.approver)} wrote it cannot be told: {wrote.untold}"
        yield _finding(AUTHOR_RULE, waiver, said, _WHOLE_HISTORY)


_WHOLE_HISTORY = (
    "judge it in a git clone with its whole history: git fetch --unshallow, or fetch-depth: 0 for actions/checkout"
)

_WORTH = {
    AUTHOR_RULE: (Severity.WARNING, Level.ADVISORY),
    EXPIRED_RULE: (Severity.ERROR, Level.HARD),
    EXPIRING_RULE: (Severity.WARNING, Level.ADVISORY),
    SELF_RULE: (Severity.ERROR, Level.HARD),
    UNUSED_RULE: (Severity.WARNING, Level.ADVISORY),
}


def _finding(rule: str, waiver: Waiver, said: str, advice: str) -> Finding:
    severity, level = _WORTH[rule]
    return Finding(
        rule=rule,
        engine=Engine.HOUSE,
        severity=severity,
        level=level,
        message=f"the waiver {shown(waiver.ticket)} of {waiver.rule} for {shown(waiver.resource)}: {said}",
        advice=advice,
        origin=waiver.origin,
        path=f"waivers/{waiver.ticket}/{waiver.rule}/{waiver.environment}/{waiver.resource}",
    )
