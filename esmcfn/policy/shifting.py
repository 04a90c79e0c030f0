"""Two judgements of the same templates, compared: what other policies block, lift or say otherwise. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from esmcfn.domain.finding import Finding
from esmcfn.domain.project import Check, Policy
from esmcfn.domain.rejudged import Effect, Entry, Setting, Shift, Signed, Worth, Written
from esmcfn.domain.waiver import Waiver, Writers
from esmcfn.policy.checkov import DEFAULT
from esmcfn.policy.graph import BY_ID

_MAPPINGS = ("levels", "limits", "quotas")
_LISTS = ("allowed_instance_types", "allowed_registries", "required_tags")
_ORDER = (Effect.BLOCKS, Effect.LIFTS, Effect.ALTERS)
_KEY = ("rule", "environment", "resource", "ticket")
_REST = ("reason", "owner", "approver", "created", "expires")


def shifts(before: Sequence[Finding], after: Sequence[Finding]) -> tuple[Shift, ...]:
    """Every finding that is worth something else, what blocks first."""
    then = {finding.fingerprint: finding for finding in before}
    now = {finding.fingerprint: finding for finding in after}
    every = dict.fromkeys((*now, *then))
    found = [shift for name in every if (shift := _shift(then.get(name), now.get(name)))]
    return tuple(sorted(found, key=lambda shift: _ORDER.index(shift.effect)))


def _shift(then: Finding | None, now: Finding | None) -> Shift | None:
    before, after = _worth(then), _worth(now)
    shown = now or then
    if before == after or shown is None:
        return None
    effect = Effect.ALTERS
    if before.blocks != after.blocks:
        effect = Effect.BLOCKS if after.blocks else Effect.LIFTS
    return Shift(
        effect=effect,
        rule=shown.rule,
        message=shown.message,
        file=shown.origin.path if shown.origin else None,
        line=shown.origin.line if shown.origin else None,
        before=before,
        after=after,
    )


def _worth(finding: Finding | None) -> Worth:
    if finding is None:
        return Worth()
    return Worth(level=finding.level, waiver=_signed(finding.waiver) if finding.waiver else None)


def _signed(waiver: Waiver) -> Signed:
    expires = waiver.expires.isoformat()
    return Signed(ticket=waiver.ticket, approver=waiver.approver, owner=waiver.owner, expires=expires)


def settings(before: Policy, after: Policy) -> Iterator[Setting]:
    """Levels, limits, lists and checks that are said otherwise."""
    for section in _MAPPINGS:
        then, now = _texts(getattr(before, section)), _texts(getattr(after, section))
        for name in sorted({*then, *now}):
            if then.get(name) != now.get(name):
                yield Setting(name=f"{section}.{name}", before=then.get(name), after=now.get(name))
    for section in _LISTS:
        old, new = (", ".join(getattr(policy, section)) for policy in (before, after))
        if old != new:
            yield Setting(name=section, before=old or None, after=new or None)
    if before.production != after.production:
        said = {True: "yes", False: "no"}
        yield Setting(name="production", before=said[before.production], after=said[after.production])
    for rule in sorted({*before.checks, *after.checks}):
        then_check, now_check = before.checks.get(rule), after.checks.get(rule)
        if (then_check and then_check.digest) != (now_check and now_check.digest):
            yield Setting(
                name=f"checks.{rule}", before=_check(rule, before), after=_check(rule, after, instead=then_check)
            )


def _check(rule: str, policy: Policy, *, instead: Check | None = None) -> str | None:
    """Whose check there is under an id, and what its findings are worth; None where there is none.

    Args:
        instead: the root's own check that stood there before.
    """
    own, ours = policy.checks.get(rule), BY_ID.get(rule)
    if own is None:
        return f"{policy.levels.get(rule, ours.level)}, esmcfn's own" if ours else None
    said = f"{policy.levels.get(rule, DEFAULT)}, {own.file}"
    if instead:
        return f"{said}, which says something else now"
    return f"{said} in the place of esmcfn's own" if ours else said


def _texts(mapping: Mapping[str, object]) -> Mapping[str, str]:
    return {name: str(value) for name, value in mapping.items()}


def entries(before: Sequence[Waiver], after: Sequence[Waiver], authors: Callable[[Waiver], Writers]) -> Iterator[Entry]:
    """Waivers that are written otherwise, in the order of the file; those that are gone come last.

    Two entries with the same rule, environment, resource and ticket are compared in their order.
    """
    then, now = _named(before), _named(after)
    for name, waiver in now.items():
        old = then.get(name)
        differs = tuple(_differences(old, waiver)) if old else ()
        if old is None or differs:
            wrote = authors(waiver)
            names = tuple(sorted(each for each in wrote.names if "@" not in each))
            written = Written.CHANGED if old else Written.ADDED
            yield _entry(waiver, written, differs=differs, authors=names, untold=wrote.untold)
    yield from (_entry(waiver, Written.REMOVED) for name, waiver in then.items() if name not in now)


def _named(waivers: Sequence[Waiver]) -> Mapping[tuple[object, ...], Waiver]:
    found: dict[tuple[object, ...], Waiver] = {}
    for waiver in waivers:
        name, number = tuple(getattr(waiver, each) for each in _KEY), 0
        while (*name, number) in found:
            number += 1
        found[(*name, number)] = waiver
    return found


def _differences(old: Waiver, new: Waiver) -> Iterator[str]:
    for name in _REST:
        then, now = str(getattr(old, name)), str(getattr(new, name))
        if then != now:
            yield f"{name}: {then} -> {now}"


def _entry(
    waiver: Waiver, written: Written, *, differs: tuple[str, ...] = (), authors: tuple[str, ...] = (), untold: str = ""
) -> Entry:
    return Entry(
        written=written,
        **{name: str(getattr(waiver, name)) for name in (*_KEY, *_REST)},
        differs=differs,
        authors=authors,
        untold=untold,
    )
