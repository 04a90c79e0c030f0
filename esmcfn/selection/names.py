"""Names that AWS takes, and names that two stacks would share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from esmcfn import naming
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import CatalogEntry, Environment, Neighbour, Project, SelectedModel
from esmcfn.errors import Problem, shown
from esmcfn.selection.complaint import at

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")

POLICY_NAME_LENGTH = 128
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_NUMBERED = len("-99")
"""Room for the number of a second policy where the endpoints do not fit into one."""

_HASHED = naming.HASH_LENGTH + 1
_STACK = naming.STACK_NAME_LENGTH
_ACCOUNT = re.compile(r"sandbox|[0-9]{12}")
_PREFIX = re.compile(r"[A-Za-z](-*[A-Za-z0-9])*")
_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9])*")
_KEY = re.compile(r"[A-Za-z0-9]([-_]*[A-Za-z0-9])*")
_USER = re.compile(r"[A-Za-z0-9+=,.@_-]+")
_HYPHENS = "letters and digits, with hyphens between them"


def impossible_names(project: Project) -> Iterator[Problem]:
    """Names with a wrong letter, and names that are too long once they are put together."""
    environment = project.environment
    parts = list(_impossible_parts(environment))
    yield from parts
    for entry in _selected_entries(project):
        yield from _impossible_entry(entry)
    if not parts:
        yield from _too_long(environment)


def meeting_names(project: Project) -> Iterator[Problem]:
    """Stacks, roles and users that two selected models, or two environments, would both call their own."""
    environment = project.environment
    mine = _stacks(environment)
    yield from _meeting_keys(environment)
    for other in project.neighbours:
        theirs = _stack_names(other) if other.region == environment.region else frozenset[str]()
        for name, place in mine.items():
            if name in theirs:
                yield _met(place, f"the stack {name}", other)
        theirs = frozenset(name.casefold() for name in _iam_names(other))
        for name in _iam_names(environment):
            if name.casefold() in theirs:
                yield _met(environment.origins.of("environment"), f"the IAM name {name}", other)


def _impossible_parts(environment: Environment) -> Iterator[Problem]:
    of = environment.origins.of
    if not _ACCOUNT.fullmatch(environment.account):
        yield _wrong(of("account"), "account", environment.account, "12 digits, or sandbox")
    if not REGION.fullmatch(environment.region):
        yield _wrong(of("region"), "region", environment.region, "a region such as us-east-2")
    if not _PREFIX.fullmatch(environment.iam_role_name_prefix):
        place, value = of("iam_role_name_prefix"), environment.iam_role_name_prefix
        yield _wrong(place, "iam_role_name_prefix", value, f"{_HYPHENS}, a letter first")
    if not _NAME.fullmatch(environment.name):
        yield _wrong(of("environment"), "environment", environment.name, _HYPHENS)
    user = environment.shared_service_account_name
    if user and not _USER.fullmatch(user):
        place = of("shared_service_account_name")
        yield _wrong(place, "shared_service_account_name", user, "letters, digits and +=,.@_-")
    for model in environment.selected_models:
        allowed = "letters and digits, with hyphens or underscores between them"
        if not _KEY.fullmatch(model.key):
            yield _wrong(model.origins.at, "selected_models", model.key, allowed)
        if model.moved_from and not _KEY.fullmatch(model.moved_from):
            yield _wrong(_named_at(model), f"{shown(model.key)}.moved_from", model.moved_from, allowed)


def _impossible_entry(entry: CatalogEntry) -> Iterator[Problem]:
    """The catalog's parts of SageMaker names: the longest name that each ends up in decides."""
    config = len(naming.CONFIG_PREFIX)
    for field, base, beside in (
        ("sagemaker_model_name", entry.sagemaker_model_name, 0),
        ("endpoint_name", entry.endpoint_name, config),
    ):
        place, label = entry.origins.of(field), f"{shown(entry.selector)}.{field}"
        room = naming.SAGEMAKER_NAME_LENGTH - _HASHED - beside
        if not _NAME.fullmatch(base):
            yield _wrong(place, label, base, _HYPHENS)
        elif len(base) > room:
            message = f"{label}: {base} has {len(base)} characters, at most {room}"
            rest = f"{naming.CONFIG_PREFIX} and a hash stand" if beside else "a hash stands"
            yield at(place, message, f"{rest} beside it in a name of {naming.SAGEMAKER_NAME_LENGTH}")


def _too_long(environment: Environment) -> Iterator[Problem]:
    """Names that are put together from the environment's own parts."""
    prefix, name, of = environment.iam_role_name_prefix, environment.name, environment.origins.of
    long = "shorten iam_role_name_prefix or environment"
    if not environment.execution_role_arn:
        role = naming.role_name(prefix, name)
        yield from _longer(of("environment"), "the role", role, naming.IAM_NAME_LENGTH, long)
    if environment.enable_shared_service_account:
        override = environment.shared_service_account_name
        user = naming.user_name(prefix, name, override)
        place = of("shared_service_account_name") if override else of("environment")
        yield from _longer(place, "the user", user, naming.IAM_NAME_LENGTH, "" if override else long)
        policy = naming.policy_name(prefix, name, user)
        room = POLICY_NAME_LENGTH - _NUMBERED
        yield from _longer(place, "the policy", policy, room, "" if override else long)
    yield from _longer(of("environment"), "the stack", naming.stack_name(prefix, name), naming.STACK_NAME_LENGTH, long)
    for model in environment.selected_models:
        stack = naming.stack_name(prefix, name, model.named_by)
        yield from _longer(_named_at(model), "the stack", stack, _STACK, "shorten the key")


def _longer(place: Origin, what: str, name: str, room: int, suggestion: str) -> Iterator[Problem]:
    if len(name) > room:
        yield at(place, f"{what} {name} has {len(name)} characters, at most {room}", suggestion)


def _meeting_keys(environment: Environment) -> Iterator[Problem]:
    seen: dict[str, SelectedModel] = {}
    # A key that stays has the better claim to its own stack than one that says it was moved from there.
    for model in sorted(environment.selected_models, key=lambda model: bool(model.moved_from)):
        stack = naming.stack_name(environment.iam_role_name_prefix, environment.name, model.named_by)
        first = seen.setdefault(stack, model)
        if first is not model:
            yield _met_within(model, first, stack)
        elif model.moved_from == model.key:
            message = f"{shown(model.key)}: moved_from is the key itself"
            yield at(_named_at(model), message, "remove moved_from, or name the key that it was deployed under")


def _met_within(model: SelectedModel, first: SelectedModel, stack: str) -> Problem:
    """Two selected models of one environment, and the stack that both would be."""
    key, other = shown(model.key), shown(first.key)
    if not model.moved_from:
        return at(model.origins.at, f"{key}: {other} already makes the stack {stack}", "rename one of the two keys")
    old = shown(model.moved_from)
    if first.moved_from:
        message = (
            f"{key}: {other} was moved from {shown(first.moved_from)} too, and only one can keep the stack {stack}"
        )
        return at(_named_at(model), message, "remove moved_from from the one that is new")
    message = f"{key}: moved_from names {old}, but {other} is still selected and makes the stack {stack}"
    line = f"{first.origins.at.path}:{first.origins.at.line}"
    return at(_named_at(model), message, f"remove {other} ({line}) if it was renamed, else remove moved_from")


def _named_at(model: SelectedModel) -> Origin:
    """The line to edit when its stack has to be called otherwise."""
    return model.origins.of("moved_from")


def _selected_entries(project: Project) -> Iterator[CatalogEntry]:
    """Each entry that is selected, once."""
    selectors = dict.fromkeys(model.selector for model in project.environment.selected_models)
    return (project.catalog.entries[selector] for selector in selectors if selector in project.catalog.entries)


def _stacks(environment: Environment) -> Mapping[str, Origin]:
    """The environment's stacks, and the lines to edit when one of them has to be called otherwise."""
    prefix, name = environment.iam_role_name_prefix, environment.name
    own = {naming.stack_name(prefix, name): environment.origins.of("environment")}
    models = environment.selected_models
    return {**own, **{naming.stack_name(prefix, name, model.named_by): _named_at(model) for model in models}}


def _stack_names(other: Neighbour) -> frozenset[str]:
    prefix, name = other.iam_role_name_prefix, other.name
    models = (naming.stack_name(prefix, name, key) for key in other.keys)
    return frozenset((naming.stack_name(prefix, name), *models))


def _iam_names(environment: Environment | Neighbour) -> Iterator[str]:
    """Roles and users, which an account has once, whatever the region."""
    yield naming.role_name(environment.iam_role_name_prefix, environment.name)
    if environment.enable_shared_service_account:
        override = environment.shared_service_account_name
        yield naming.user_name(environment.iam_role_name_prefix, environment.name, override)


def _met(place: Origin, what: str, other: Neighbour) -> Problem:
    message = f"{what} would also be {shown(other.name)}'s, in the same account ({shown(other.path)})"
    return at(place, message, "rename the key or the environment, or give it another iam_role_name_prefix")


def _wrong(place: Origin, label: str, value: str, allowed: str) -> Problem:
    return at(place, f"{label}: must be {allowed}, not {shown(value)}")
