"""Drift for people: what deviates first, then what nobody could check, then what runs beside."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.drift import Difference, EnvironmentDrift, ResourceDrift, Side, StackDrift, State, UnmanagedEndpoint
from esmcfn.render.escape import code, safe
from esmcfn.render.words import counted, dollars, shortened, signed, spell

SYMBOLS = {State.IN_SYNC: "=", State.DRIFTED: "!", State.MISSING: "!", State.NOT_CHECKED: "?"}


def text(drift: EnvironmentDrift) -> Iterator[str]:
    """A paragraph a stack of which there is something to say."""
    yield f"{drift.environment} · account {drift.account} · {drift.region}"
    yield ""
    loud = [stack for stack in drift.stacks if stack.notes or any(map(said, stack.resources))]
    for stack in loud:
        yield from _stack(stack)
        yield ""
    quiet = [stack for stack in drift.stacks if stack not in loud]
    if quiet:
        yield f"= {counted(len(quiet), 'stack')} in sync: {_some([stack.name for stack in quiet])}"
        yield ""
    if drift.unmanaged.endpoints:
        yield "Endpoints of this account and region that no stack of esmcfn's has:"
        yield from (f"    {unmanaged(each, drift)}" for each in drift.unmanaged.endpoints)
        yield ""
    yield f"Drift    {summary(drift)}"
    yield f"Coverage {coverage(drift)}"
    yield f"Beside   {beside(drift)}"


def markdown(drift: EnvironmentDrift) -> Iterator[str]:
    """A heading with the verdict, a table of what is to be told, and the coverage."""
    yield f"### {safe(drift.environment)}: {_verdict(drift)}"
    yield ""
    yield f"**Drift** {summary(drift)}  "
    yield f"**Coverage** {coverage(drift)}  "
    yield f"**Beside** {safe(beside(drift))}  "
    yield f"Account {drift.account}, {drift.region}"
    told = [(stack, each) for stack in drift.stacks for each in stack.resources if said(each)]
    if told:
        yield ""
        yield "| resource | is | differences | next |"
        yield "| --- | --- | --- | --- |"
        for stack, each in told:
            found = "; ".join(lines(each))
            name = f"{stack.name}/{each.logical_id}" if each.logical_id else stack.name
            yield f"| {code(name)} | {safe(state(each))} | {safe(found)} | {safe(each.next_step)} |"
    notes = [(stack, note) for stack in drift.stacks for note in stack.notes]
    if notes:
        yield ""
        yield from (f"- {code(stack.name)}: {safe(note)}" for stack, note in notes)
    if drift.unmanaged.endpoints:
        yield ""
        yield from unmanaged_table(drift)


def unmanaged_table(drift: EnvironmentDrift) -> Iterator[str]:
    """Endpoints of no stack, as a table."""
    yield "| endpoint beside | SageMaker | age | instances | USD a month |"
    yield "| --- | --- | --- | --- | --- |"
    for endpoint in drift.unmanaged.endpoints:
        yield (
            f"| {code(endpoint.name)} | {endpoint.status} | {age(endpoint, drift)} "
            f"| {safe(instances(endpoint))} | {safe(price(endpoint))} |"
        )


def _stack(stack: StackDrift) -> Iterator[str]:
    model = f"  ({stack.model})" if stack.model else ""
    status = stack.deployed.status if stack.deployed else "none"
    yield f"{stack.name}{model}: {status}"
    for resource in stack.resources:
        if not said(resource):
            continue
        what = f"{resource.logical_id}  {resource.resource_type}  " if resource.logical_id else ""
        yield f"    {SYMBOLS[resource.state]} {what}{resource.name}: {state(resource)}"
        yield from (f"        {line}" for line in lines(resource))
        if resource.next_step:
            yield f"        next: {resource.next_step}"
    yield from (f"    · {note}" for note in stack.notes)


def said(resource: ResourceDrift) -> bool:
    """Is there something to say of it?"""
    return resource.state is not State.IN_SYNC


def state(resource: ResourceDrift) -> str:
    """What it is, and who accepted that."""
    accepted = f", accepted: {signed(resource.waiver)}" if resource.waiver else ""
    return f"{resource.state}{accepted}"


def lines(resource: ResourceDrift) -> Iterator[str]:
    """What is otherwise, and what nobody could compare."""
    for each in resource.differences:
        yield _line(each)
    if resource.state is State.DRIFTED and not resource.differences:
        yield "CloudFormation says so without saying in what"
    if resource.why:
        yield f"not checked: {resource.why}" if resource.deviates else resource.why


def _line(difference: Difference) -> str:
    """Before and after; of what has no value but its name, whether it was added or removed."""
    path, expected, observed = difference.path, difference.expected, difference.observed
    for value, word in ((observed, "added"), (expected, "removed")):
        if value is not None and None in (expected, observed) and path.endswith(f"/{value}"):
            return f"{path.removesuffix(f'/{value}')}: {word} {value}"
    return f"{path}: {shortened(expected)} -> {shortened(observed)}"


def _verdict(drift: EnvironmentDrift) -> str:
    if drift.drifted:
        return "drifted"
    if drift.waived:
        return "nothing but accepted drift" + ("" if drift.complete else ", and not everything was checked")
    return "in sync" if drift.complete else "nothing found, and not everything was checked"


def summary(drift: EnvironmentDrift) -> str:
    """How many resources are what."""
    parts = [f"{drift.counted(state)} {state}" for state in (State.DRIFTED, State.MISSING, State.IN_SYNC)]
    if drift.waived:
        parts.append(f"{drift.waived} accepted")
    return ", ".join(parts)


def coverage(drift: EnvironmentDrift) -> str:
    """How many could be compared, and by whom."""
    total, cloud, ours = len(drift.resources), drift.compared_by(Side.CLOUDFORMATION), drift.compared_by(Side.ESMCFN)
    line = f"{drift.checked} of {counted(total, 'resource')} checked ({cloud} by CloudFormation, {ours} by esmcfn)"
    left = total - drift.checked
    return f"{line}; {left} not checked, or not in full" if left else line


def beside(drift: EnvironmentDrift) -> str:
    """What runs beside the stacks."""
    beside = drift.unmanaged
    if not beside.asked:
        return "not asked for: --model narrows to some stacks"
    if beside.unread:
        return f"not read: {beside.unread}"
    if not beside.endpoints:
        return "every endpoint of this account and region has a stack of esmcfn's"
    known, unknown = beside.known_monthly, beside.unpriced
    line = f"{counted(len(beside.endpoints), 'endpoint')} of no stack, {dollars(known)} USD a month"
    return f"{line}, without {unknown} of unknown price" if unknown and known is not None else line


def unmanaged(endpoint: UnmanagedEndpoint, drift: EnvironmentDrift) -> str:
    """One endpoint of no stack, in a line."""
    return f"? {endpoint.name}  {endpoint.status}, {age(endpoint, drift)} old, {instances(endpoint)}, {price(endpoint)}"


def age(endpoint: UnmanagedEndpoint, drift: EnvironmentDrift) -> str:
    """How long it has existed."""
    return spell((drift.as_of - endpoint.created_at).total_seconds())


def instances(endpoint: UnmanagedEndpoint) -> str:
    """What it runs on."""
    if endpoint.instances is None:
        return "instances unknown"
    return " + ".join(f"{count} x {kind}" for kind, count in endpoint.instances)


def price(endpoint: UnmanagedEndpoint) -> str:
    """What it costs a month, or why nobody knows."""
    if endpoint.monthly_usd is None:
        return f"price unknown: {endpoint.why_unknown}"
    return f"{dollars(endpoint.monthly_usd)} USD a month"


def _some(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
