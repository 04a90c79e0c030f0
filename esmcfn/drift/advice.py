"""What to do about a drift: the shortest way back to what was deployed, or to keep what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.drift import Difference
from esmcfn.drift.expected import Expected
from esmcfn.drift.readers import ACCESS_KEY, CONFIG, ENDPOINT, MODEL, POLICY, ROLE, USER

KEEP = "to keep it: write it into the files and deploy"

MOST = 3
"""Steps that are spelled out; the report names every difference anyway."""


def missing(resource_type: str, *, environment: str, model: str | None) -> str:
    """The way back of a resource that is gone."""
    only = f"{environment} --model {model}" if model else environment
    match resource_type:
        case "AWS::SageMaker::Endpoint":
            return f"esmcfn park {only}, then esmcfn resume {only}: the endpoint comes back under its name"
        case "AWS::SageMaker::EndpointConfig":
            return (
                "what runs goes on, and an instance that starts anew may fail: "
                f"deploy another instance_count of {model or 'its model'}, which makes another configuration"
            )
        case "AWS::SageMaker::Model":
            return (
                "what runs goes on, and an instance that starts anew may fail: make it again under this name, "
                "or take the key out of the environment, deploy, and put it back"
            )
        case "AWS::IAM::AccessKey":
            return "the key in the secret is dead: switch the shared service account off and on again, a deploy each"
    return "make it again under the same name, or destroy and deploy the environment"


def mended(expected: Expected, found: Sequence[Difference]) -> str:
    """The way back of what is otherwise than deployed."""
    kind, name = expected.resource.resource_type, expected.name
    if kind == ENDPOINT:
        return _endpoint(expected, found)
    if found and all(each.path.startswith("Tags/") for each in found):
        return "set the tags back in the console or by the service's tagging command"
    if kind in {ROLE, USER}:
        return "; ".join(list(dict.fromkeys(_identity(kind, name, found)))[:MOST])
    if kind == POLICY:
        return f"set policy {name} back in IAM, and detach it from whom it was not meant for"
    if kind in {MODEL, CONFIG}:
        return "somebody made it anew under the same name: deploy a change, which comes with another name"
    if kind == ACCESS_KEY:
        return "aws iam update-access-key --status Active, unless somebody switched it off for a reason"
    return "set it back by hand, or deploy a change of it"


def _endpoint(expected: Expected, found: Sequence[Difference]) -> str:
    name, config = expected.name, expected.properties.get("EndpointConfigName")
    paths = [each.path for each in found]
    if any(path.endswith("EndpointConfigName") for path in paths):
        return (
            f"to go back: aws sagemaker update-endpoint --endpoint-name {name} --endpoint-config-name {config}; "
            f"{KEEP}; where SageMaker itself went back after a failed update: mend the cause and deploy a change"
        )
    if "EndpointStatus" in paths:
        return "its FailureReason says what to mend; then deploy a change, or park and resume it"
    wanted = " ".join(_variants(found))
    if wanted:
        return (
            f"to go back: aws sagemaker update-endpoint-weights-and-capacities --endpoint-name {name} "
            f"--desired-weights-and-capacities {wanted}; {KEEP}"
        )
    return "set the tags back by aws sagemaker add-tags and delete-tags"


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
