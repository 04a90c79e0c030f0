"""What to do about a drift: the shortest way back to what was deployed, or to keep what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.drift import Difference
from esmcfn.drift.expected import Expected
from esmcfn.drift.hosting import LICENCES, VARIANT
from esmcfn.drift.readers import ACCESS_KEY, ALARM, CONFIG, ENDPOINT, MODEL, POLICY, ROLE, TOPIC_POLICY, USER

KEEP = "to keep it: write it into the files and deploy"

REMOVING = {
    MODEL: "delete-model --model-name {}",
    CONFIG: "delete-endpoint-config --endpoint-config-name {}",
}
"""How somebody removes what SageMaker only makes and deletes; what runs goes on meanwhile."""

MOST = 3
"""Steps that are spelled out; the report names every difference anyway."""


def reverting(environment: str, model: str | None) -> str:
    """The command that has CloudFormation put back what it can."""
    return f"esmcfn deploy {environment}{f' --model {model}' if model else ''} --revert-drift"


def missing(resource_type: str, *, environment: str, model: str | None, reverting: str, hosted: bool = True) -> str:
    """The way back of a resource that is gone.

    Args:
        reverting: the command that has CloudFormation put back what it can.
        hosted: its stack has an endpoint; a parked model's has none.
    """
    only = f"{environment} --model {model}" if model else environment
    again = f"{reverting} makes it again under its name"
    match resource_type:
        case "AWS::SageMaker::Endpoint":
            return f"{again}; so do esmcfn park {only} and then esmcfn resume {only}"
        case "AWS::SageMaker::EndpointConfig" | "AWS::SageMaker::Model" if not hosted:
            return f"{again}, which resume needs; {model or 'its model'} is parked, so that nothing runs with it"
        case "AWS::SageMaker::EndpointConfig":
            return (
                f"{again}; what runs goes on, and an instance that starts anew may fail until then; a deployment of "
                f"another instance_count of {model or 'its model'} makes another one"
            )
        case "AWS::SageMaker::Model":
            return f"{again}; what runs goes on, and an instance that starts anew may fail until then"
        case "AWS::KMS::Key":
            return (
                "KMS keeps a key that is being deleted for days: aws kms cancel-key-deletion and then enable-key bring "
                f"it back; otherwise {again.replace('under its name', 'with another id')}"
            )
        case "AWS::SecretsManager::Secret":
            return (
                "Secrets Manager keeps a deleted secret for days, unless it was told otherwise: "
                f"aws secretsmanager restore-secret brings it back; otherwise {again.replace(' under its name', '')}"
            )
        case "AWS::IAM::AccessKey":
            return "the key in the secret is dead: switch the shared service account off and on again, a deploy each"
    return again


def mended(expected: Expected, found: Sequence[Difference], again: str) -> str:
    """The way back of what is otherwise than deployed.

    Args:
        again: the command that has CloudFormation put back what it can.
    """
    kind, name = expected.resource.resource_type, expected.name
    if kind == ENDPOINT:
        return _endpoint(expected, found, again)
    if found and all(each.path.startswith("Tags/") for each in found):
        return f"set the tags back; {again} does it for those that the template writes"
    if kind in {ROLE, USER}:
        by_hand = "; ".join(list(dict.fromkeys(_identity(kind, name, found)))[:MOST])
        return f"{by_hand}; {again} puts back what the template writes" if _written(found) else by_hand
    if kind == POLICY:
        steps = [f"{again}, or IAM, puts policy {name} back"] if _written(found) else []
        steps += [f"detach policy {name} from whom it was not meant for"] if _handed_on(found) else []
        return "; ".join(steps)
    if kind in {MODEL, CONFIG}:
        removing = f"aws sagemaker {REMOVING[kind].format(name)}"
        return (
            "somebody made it anew under the same name, and nobody can change it in place: "
            f"{removing}, and then {again} makes it again under that name, as deployed"
        )
    if kind == ACCESS_KEY:
        return "aws iam update-access-key --status Active, unless somebody switched it off for a reason"
    if kind == TOPIC_POLICY:
        return (
            "CloudFormation cannot read a topic's policy, so that reverting does not see it: "
            "aws sns set-topic-attributes --attribute-name Policy with the PolicyDocument that was deployed"
        )
    if kind == ALARM and any(each.path == "ActionsEnabled" and each.expected is None for each in found):
        unmute = f"aws cloudwatch enable-alarm-actions --alarm-names {name}"
        return f"{unmute}; {again} puts back what the template writes" if _written(found) else unmute
    beside = "; ".join(list(dict.fromkeys(_beside(expected, found)))[:MOST])
    if beside:
        return f"{beside}; {again} puts back what the template writes" if _written(found) else beside
    if found and not _written(found):
        return "the template does not write it, so that CloudFormation does not see it: set it back by hand"
    return f"{again} puts it back, or set it back by hand"


def _beside(expected: Expected, found: Sequence[Difference]) -> Iterator[str]:
    """A command for each thing that somebody put beside a resource, where no property of it has it."""
    kind, name = expected.resource.resource_type, expected.resource.physical_id
    for each in found:
        top, _, rest = each.path.partition("/")
        match kind, top:
            case "AWS::SecretsManager::Secret", "ResourcePolicy" if each.expected is None:
                yield f"aws secretsmanager delete-resource-policy --secret-id {name}"
            case "AWS::SecretsManager::Secret", "ReplicaRegions" if each.expected is None:
                removing = "aws secretsmanager remove-regions-from-replication"
                yield f"{removing} --secret-id {name} --remove-replica-regions {rest}"
            case "AWS::KMS::Key", "Grants":
                yield f"aws kms revoke-grant --key-id {name} --grant-id {rest}"
            case "AWS::SNS::Topic", "Subscriptions":
                listing = f"aws sns list-subscriptions-by-topic --topic-arn {name}"
                yield f"write the address into alarm_topic.emails, or aws sns unsubscribe with what {listing} says"
            case "AWS::SNS::Topic", "DisplayName" if each.expected is None:
                setting = f"aws sns set-topic-attributes --topic-arn {name}"
                yield f"{setting} --attribute-name DisplayName --attribute-value ''"


def _written(found: Sequence[Difference]) -> bool:
    """Does the template write any of it? CloudFormation knows nothing of what was put beside it."""
    return any(each.expected is not None for each in found)


def _handed_on(found: Sequence[Difference]) -> bool:
    return any(each.path.startswith("AttachedTo/") for each in found)


def _endpoint(expected: Expected, found: Sequence[Difference], again: str) -> str:
    name, config = expected.name, expected.properties.get("EndpointConfigName")
    paths = [each.path for each in found]
    if any(path.endswith("EndpointConfigName") for path in paths):
        return (
            f"to go back: {again}, or aws sagemaker update-endpoint --endpoint-name {name} "
            f"--endpoint-config-name {config}; {KEEP}; "
            "where SageMaker itself went back after a failed update, mend the cause first"
        )
    if "EndpointStatus" in paths:
        return "its FailureReason says what to mend; then deploy a change, or park and resume it"
    licences = [path.partition("/")[2] for path in paths if path.startswith(f"{LICENCES}/")]
    if licences:
        deregister = (
            "aws application-autoscaling deregister-scalable-target --service-namespace sagemaker "
            f"--resource-id {VARIANT.format(name, licences[0])} "
            "--scalable-dimension sagemaker:variant:DesiredInstanceCount"
        )
        return (
            f"{deregister}, which takes its policies along; to keep scaling: do that, and then write autoscaling into "
            "the files and deploy (CloudFormation makes no target that is there already)"
        )
    wanted = " ".join(_variants(found))
    if wanted:
        return (
            "CloudFormation does not see it; to go back: aws sagemaker update-endpoint-weights-and-capacities "
            f"--endpoint-name {name} --desired-weights-and-capacities {wanted}; {KEEP}"
        )
    return f"set the tags back by aws sagemaker add-tags and delete-tags; {again} does it for those that it wrote"


def _variants(found: Sequence[Difference]) -> Iterator[str]:
    """VariantName=...,DesiredInstanceCount=... of each variant that is otherwise; of a band its lower end."""
    asked: dict[str, list[str]] = {}
    for each in found:
        top, _, rest = each.path.partition("/")
        if top == "Variants" and each.expected is not None:
            name, _, what = rest.rpartition("/")
            asked.setdefault(name, []).append(f"{what}={each.expected.split(' to ')[0]}")
    yield from (f"VariantName={name},{','.join(parts)}" for name, parts in asked.items())


def _identity(kind: str, name: str, found: Sequence[Difference]) -> Iterator[str]:
    """A command for each thing that was attached or taken away by hand."""
    word = "role" if kind == ROLE else "user"
    for each in found:
        top, _, rest = each.path.partition("/")
        added = each.expected is None
        match top:
            case "ManagedPolicyArns":
                verb = "detach" if added else "attach"
                yield f"aws iam {verb}-{word}-policy --{word}-name {name} --policy-arn {rest}"
            case "Policies" if added:
                yield f"aws iam delete-{word}-policy --{word}-name {name} --policy-name {rest}"
            case "Groups" if added:
                yield f"aws iam remove-user-from-group --user-name {name} --group-name {rest}"
            case "AccessKeys" if added:
                yield f"aws iam delete-access-key --user-name {name} --access-key-id {rest}"
            case "Console":
                yield f"aws iam delete-login-profile --user-name {name}"
            case _:
                yield f"set {top} back in IAM"
