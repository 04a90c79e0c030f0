"""What a change does to whoever calls the endpoint."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from esmcfn.domain import address
from esmcfn.domain.plan import Action, Change, Impact
from esmcfn.plan.reconcile import NOTED

Meaning = tuple[Impact, str]


def assessed(change: Change) -> Change:
    """The change with its impact; unknown where nobody can say, never "none" by default."""
    if change.unexplained:
        return replace(change, impact=Impact.UNKNOWN, meaning=change.unexplained)
    impact, meaning = _JUDGES.get(change.resource_type, _stranger)(change)
    match change.drift:
        case "SyncWithActual":
            impact, meaning = Impact.NONE, NOTED
        case "DELETED":
            impact, meaning = _come_back(change)
        case "MODIFIED":
            meaning = f"what was changed by hand goes back: {meaning}"
    return replace(change, impact=impact, meaning=meaning)


def shared(change: Change) -> Change:
    """The change as everybody may read it, in a public comment above all: without anybody's whole address."""
    properties = tuple(
        replace(each, before=_masked(each.before), after=_masked(each.after)) for each in change.properties
    )
    return replace(change, properties=properties)


def _masked(value: str | None) -> str | None:
    return None if value is None else address.masked(value)


def _come_back(change: Change) -> Meaning:
    """Something that is gone is made again."""
    if change.resource_type == "AWS::SageMaker::Endpoint":
        name = change.name or change.physical_id or "the endpoint"
        return Impact.IN_PLACE, f"{name} is gone and its calls fail; it comes back, and answers once it is in service"
    return Impact.IN_PLACE, "it is gone, and is made again"


def _endpoint(change: Change) -> Meaning:
    name = change.name or change.physical_id or "the endpoint"
    match change.action:
        case Action.ADD:
            return Impact.NONE, "a new endpoint: nobody calls it yet"
        case Action.DELETE:
            return Impact.DELETES, f"calls of {name} fail from then on"
        case Action.REPLACE:
            return Impact.REPLACES, f"calls of {name} fail; callers must switch to the new name"
        case Action.MODIFY:
            if any(changed.path == "EndpointConfigName" for changed in change.properties):
                return Impact.BLUE_GREEN, (
                    "callers keep name and URL and are served throughout; SageMaker starts the new instances beside "
                    "the old ones, so both count against quota and bill for a while"
                )
            if _paths(change) - {"Tags"} == {"RetainAllVariantProperties"}:
                return Impact.IN_PLACE, (
                    "whether later updates keep the instances that autoscaling has come to; callers are served "
                    "throughout, and AWS may start the same configuration anew for it"
                )
            return _settings_only(change)


def _hosted(change: Change) -> Meaning:
    """Model and EndpointConfig: nobody calls them; the endpoint's own change says what callers feel."""
    match change.action:
        case Action.ADD:
            return Impact.NONE, "nobody calls it; the endpoint uses it"
        case Action.REPLACE:
            return Impact.NONE, "made under a new name before the endpoint moves to it; the old one goes last"
        case Action.DELETE:
            return Impact.NONE, "nobody calls it; it goes after the endpoint that uses it"
        case Action.MODIFY:
            return _settings_only(change)


def _role(change: Change) -> Meaning:
    match change.action:
        case Action.ADD:
            return Impact.NONE, "new; the models will run under it"
        case Action.MODIFY if _paths(change) != {"Tags"}:
            return Impact.IN_PLACE, "endpoints keep running; what their role may do changes within seconds"
        case Action.MODIFY:
            return _settings_only(change)
        case Action.REPLACE:
            return Impact.REPLACES, "running endpoints lose the role they were made with"
        case Action.DELETE:
            return Impact.DELETES, "no endpoint can run under it any more"


def _credential(change: Change) -> Meaning:
    """The shared service account: whoever calls with its key feels this."""
    match change.action:
        case Action.ADD:
            return Impact.NONE, "new; nobody uses it yet"
        case Action.MODIFY if _paths(change) == {"Tags"}:
            return _settings_only(change)
        case Action.MODIFY:
            return Impact.IN_PLACE, "callers with the shared key keep it"
        case Action.REPLACE:
            return Impact.REPLACES, "callers with the shared key are refused until they fetch the new one"
        case Action.DELETE:
            return Impact.DELETES, "callers with the shared key are refused from then on"


def _scaling(change: Change) -> Meaning:
    """Bounds, and what moves the instances between them: whoever calls is served by however many there are."""
    match change.action:
        case Action.ADD:
            return Impact.NONE, "from then on autoscaling decides how many instances serve"
        case Action.DELETE:
            return Impact.NONE, (
                "autoscaling ends; the instances that run stay, whatever instance_count says, until the endpoint gets "
                "another configuration"
            )
        case Action.MODIFY if _paths(change) == {"Tags"}:
            return _settings_only(change)
        case Action.MODIFY | Action.REPLACE:
            return Impact.NONE, "callers are served throughout; instances come and go by the new bounds"


def _unfelt(change: Change) -> Meaning:
    """Alarms and where they go: whoever calls an endpoint has nothing to do with it."""
    match change.action:
        case Action.ADD:
            return Impact.NONE, "new; it watches, and callers notice nothing"
        case Action.DELETE:
            return Impact.NONE, "it watches no more; callers notice nothing"
        case Action.MODIFY | Action.REPLACE:
            return Impact.NONE, "what is watched, or who is told; callers notice nothing"


def _log(change: Change) -> Meaning:
    """The containers' log. What is added and has an id already was there before: CloudFormation takes it over."""
    match change.action:
        case Action.ADD if change.taken_over:
            return Impact.NONE, (
                "it is there from before, and the stack takes it over as it is, with all that was written; where its "
                "retention is another one, drift says so, and deploy --revert-drift sets it"
            )
        case Action.ADD:
            return Impact.NONE, "what the container writes is kept for as long as it says"
        case Action.DELETE:
            return Impact.NONE, "the log itself stays, with all that was written; no stack has it any more"
        case Action.MODIFY | Action.REPLACE:
            return Impact.NONE, "callers notice nothing; what is older than its retention goes"


def _settings_only(change: Change) -> Meaning:
    if _paths(change) == {"Tags"}:
        return Impact.NONE, "tags only"
    return Impact.IN_PLACE, "changed where it stands"


def _paths(change: Change) -> set[str]:
    return {changed.path.split("/", 1)[0] for changed in change.properties}


def _stranger(change: Change) -> Meaning:
    if change.action is Action.ADD:
        return Impact.NONE, "new; nobody uses it yet"
    return Impact.UNKNOWN, "esmcfn does not know what this does to callers"


def _budget(change: Change) -> Meaning:
    if change.action is Action.DELETE:
        return Impact.NONE, "nobody is told about the bill any more; no caller notices"
    return Impact.NONE, "who is told about the bill, and when; no caller notices"


_JUDGES: dict[str, Callable[[Change], Meaning]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _scaling,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _scaling,
    "AWS::CloudWatch::Alarm": _unfelt,
    "AWS::Budgets::Budget": _budget,
    "AWS::IAM::AccessKey": _credential,
    "AWS::IAM::ManagedPolicy": _credential,
    "AWS::IAM::Role": _role,
    "AWS::IAM::User": _credential,
    "AWS::KMS::Key": _unfelt,
    "AWS::Logs::LogGroup": _log,
    "AWS::SNS::Subscription": _unfelt,
    "AWS::SNS::Topic": _unfelt,
    "AWS::SNS::TopicPolicy": _unfelt,
    "AWS::SageMaker::Endpoint": _endpoint,
    "AWS::SageMaker::EndpointConfig": _hosted,
    "AWS::SageMaker::Model": _hosted,
    "AWS::SecretsManager::Secret": _credential,
}
