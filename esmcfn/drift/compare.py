"""Two sides of one resource -> differences. AWS's defaults are folded; order counts only where it means something."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from esmcfn.domain.address import fingerprint
from esmcfn.drift.expected import Expected
from esmcfn.drift.readers import Reader

Pair = tuple[str, object, object]
"""Path, expected, observed; None where there is nothing."""


def _notification(item: Mapping[str, object]) -> str:
    """What a budget tells when, such as "ACTUAL over 80"; an amount has its unit."""
    told = item.get("Notification")
    said = told if isinstance(told, Mapping) else {}
    kind = said.get("ThresholdType", "PERCENTAGE")
    how = {"GREATER_THAN": "over", "LESS_THAN": "under", "EQUAL_TO": "at"}.get(
        str(said.get("ComparisonOperator")), "at"
    )
    unit = "" if kind == "PERCENTAGE" else " USD"
    return f"{said.get('NotificationType')} {how} {_plain(said.get('Threshold'))}{unit}"


def _subscription(item: Mapping[str, object]) -> str:
    """Who hears of a topic; a path tells no address."""
    return f"{item.get('Protocol')}-{fingerprint(str(item.get('Endpoint')))}"


DEFAULTS: Mapping[str, object] = {
    "ActionsEnabled": True,
    "DisableScaleIn": False,
    "EnableNetworkIsolation": False,
    "Path": "/",
    "MaxSessionDuration": 3600,
    "Mode": "SingleModel",
    "InitialVariantWeight": 1,
    "Enabled": True,
    "EnableKeyRotation": False,
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "RotationEnabled": False,
}
"""What AWS answers where nobody said anything.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
"""

_NAMED: Mapping[str, str | Callable[[Mapping[str, object]], str]] = {
    "ProductionVariants": "VariantName",
    "ShadowProductionVariants": "VariantName",
    "Containers": "ContainerHostname",
    "Policies": "PolicyName",
    "ScheduledActions": "ScheduledActionName",
    "Dimensions": "Name",
    "Grants": "GrantId",
    "NotificationsWithSubscribers": _notification,
    "Subscriptions": _subscription,
}
"""Lists whose items have names: they are compared by name, whatever their order."""

_STRANGERS = frozenset({"AccessKeys", "Subscriptions"})
"""Of these only what was added is drift here: each of the stack's own is a resource, and missing by itself."""

_UNORDERED = frozenset({"Subscribers"})
"""Lists of nameless items in no order."""

_SETS = frozenset(
    {
        *("ManagedPolicyArns", "Groups", "AccessKeys", "AttachedTo", "SecurityGroupIds", "Subnets"),
        *("AlarmActions", "InsufficientDataActions", "OKActions", "ScalingPolicies", "ReplicaRegions"),
    }
)
"""Lists that are sets."""

_DOCUMENTS = frozenset({"AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy", "ResourcePolicy"})

_WATCHED_INSIDE: Mapping[str, frozenset[str]] = {
    "PrimaryContainer": frozenset({"Image", "ModelDataUrl", "ModelPackageName", "Environment"}),
    "Containers": frozenset({"Image", "ModelDataUrl", "ModelPackageName", "Environment"}),
    "ProductionVariants": frozenset({"ServerlessConfig", "ManagedInstanceScaling", "InstancePools"}),
    "ShadowProductionVariants": frozenset({"ServerlessConfig", "ManagedInstanceScaling", "InstancePools"}),
    "Budget": frozenset({"TimePeriod", "PlannedBudgetLimits", "AutoAdjustData"}),
    "TargetTrackingScalingPolicyConfiguration": frozenset({"DisableScaleIn", "CustomizedMetricSpecification"}),
}
"""What is drift inside of these, even where the template says nothing of it; AWS fills in other things by itself."""

_OF_A_PACKAGE = frozenset({"Image", "ModelDataUrl", "Environment"})
"""What SageMaker takes from the package of a container that names one."""


def differences(expected: Expected, observed: Mapping[str, object], reader: Reader) -> Iterator[Pair]:
    """Every property that is otherwise: those that the template writes, and those that must not be there."""
    for name in sorted(reader.read):
        if name in expected.unresolved:
            continue
        wanted, found = expected.properties.get(name), observed.get(name)
        if wanted is None and (name not in reader.watched or _folded(name, found)):
            continue
        yield from _compared(name, name, wanted, found)


def tag_differences(expected: Mapping[str, str], observed: Mapping[str, str]) -> Iterator[Pair]:
    """Tags that were added, removed or changed; AWS's own are nobody's business."""
    for key in sorted({*expected, *observed}):
        wanted, found = expected.get(key), observed.get(key)
        if wanted != found and not key.startswith("aws:"):
            yield f"Tags/{key}", wanted, found


def _compared(path: str, name: str, wanted: object, found: object) -> Iterator[Pair]:
    if name in _DOCUMENTS:
        if _document(wanted) != _document(found):
            yield path, wanted, found
    elif name in _NAMED and isinstance(wanted or [], list) and isinstance(found or [], list):
        yield from _by_name(path, name, _items(wanted), _items(found))
    elif name in _SETS and isinstance(wanted or [], list) and isinstance(found or [], list):
        yield from _as_sets(path, _items(wanted), _items(found), added_only=name in _STRANGERS)
    elif name in _UNORDERED:
        if _unordered(wanted or []) != _unordered(found or []):
            yield path, wanted, found
    elif isinstance(wanted, Mapping) and isinstance(found, Mapping):
        yield from _inside(path, name, wanted, found)
    elif not _same(wanted, found) and not (wanted == DEFAULTS.get(name, ...) and found is None):
        yield path, wanted, found


def _inside(path: str, name: str, wanted: Mapping[str, object], found: Mapping[str, object]) -> Iterator[Pair]:
    """What is written, and what is watched; of a container's variables all."""
    watched = frozenset(found) if name == "Environment" else _WATCHED_INSIDE.get(name, frozenset())
    if "ModelPackageName" in wanted:
        watched -= _OF_A_PACKAGE
    for key in sorted({*wanted, *(watched & set(found))}):
        if key in wanted or not _folded(key, found[key]):
            yield from _compared(f"{path}/{key}", key, wanted.get(key), found.get(key))


def _by_name(path: str, name: str, wanted: Sequence[object], found: Sequence[object]) -> Iterator[Pair]:
    before, after = _named(name, wanted), _named(name, found)
    for key in sorted({*before, *after} - ({*before} if name in _STRANGERS else set())):
        one, other = before.get(key), after.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _inside(f"{path}/{key}", name, one, other)
        elif one != other:
            yield f"{path}/{key}", one, other


def _named(name: str, items: Sequence[object]) -> dict[str, object]:
    """By name; an item without one goes by its place."""
    key = _NAMED[name]
    found: dict[str, object] = {}
    for number, item in enumerate(items):
        if isinstance(item, Mapping):
            found[str(item.get(key, number)) if isinstance(key, str) else key(item)] = item
        else:
            found[str(number)] = item
    return found


def _as_sets(
    path: str, wanted: Sequence[object], found: Sequence[object], *, added_only: bool = False
) -> Iterator[Pair]:
    before, after = {str(item) for item in wanted}, {str(item) for item in found}
    for item in sorted(after - before if added_only else before ^ after):
        yield f"{path}/{item}", (item if item in before else None), (item if item in after else None)


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _folded(name: str, value: object) -> bool:
    """Is it what AWS answers where nobody said anything?"""
    return value in (None, "", [], {}) or _same(DEFAULTS.get(name), value)


def _same(wanted: object, found: object) -> bool:
    """Equal as CloudFormation takes them: "1" is 1, "true" is true; nothing and an empty value are one."""
    if wanted == found:
        return True
    if wanted in (None, "", [], {}) and found in (None, "", [], {}):
        return True
    if isinstance(wanted, list | Mapping) or isinstance(found, list | Mapping) or None in (wanted, found):
        return False
    return _plain(wanted) == _plain(found)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{float(value):g}" if isinstance(value, int | float) else str(value)


def _document(value: object) -> object:
    """A policy document in one form: one item and a list of it mean the same, and so does any order of items."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return value
    if not isinstance(value, Mapping):
        return value
    statements = value.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    return {**value, "Statement": [_unordered(statement) for statement in listed]}


def _unordered(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _unordered(inner) for key, inner in value.items()}
    items = value if isinstance(value, list) else [value]
    return sorted(json.dumps(item, sort_keys=True) for item in items)
