"""`esmcfn sandbox break`: what a hand in the console would do to a resource behind CloudFormation's back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.actual import finding
from esmcfn.sandbox.cloudformation.machine import Machine
from esmcfn.sandbox.cloudformation.model import Resource, Stack
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError, NotYet, Request
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.tags import tag_map
from esmcfn.sandbox.wire import judged_words

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

WHERE = ("stack", "logical_id", "region", "action")
"""What every break may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One resource that is about to be broken, and how."""

    world: World
    stack: Stack
    resource: Resource
    request: Request
    options: Mapping[str, Json]

    @property
    def type(self) -> schema.TypeSchema:
        """What the registry says of the resource's type."""
        return schema.must_load(self.resource.resource_type, self.stack.region)

    def number(self, name: str, default: float) -> float:
        """Return an option that is a number of 0 or more."""
        given = self.options.get(name, default)
        try:
            number = float(given)
        except (TypeError, ValueError):
            number = -1.0
        if not 0 <= number < float("inf"):
            raise Refusal("BadOption", f"{name} is a number of 0 or more, not {given!r}")
        return number

    def whole(self, name: str, default: int) -> int:
        """Return an option that is a whole number of 0 or more."""
        number = self.number(name, default)
        if number != int(number):
            raise Refusal("BadOption", f"{name} is a whole number, not {self.options[name]!r}")
        return int(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a hand can do.

    Attributes:
        options: name to meaning; `needs` are those it cannot do without.
        types: the resource types it is for; none for every type.
    """

    summary: str
    run: Callable[[Hit], None]
    options: Mapping[str, str]
    needs: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


def break_resource(world: World, asked: Json) -> Mapping[str, Any]:
    """Do to a resource what CloudFormation does not hear of.

    Raises:
        Refusal: no such stack, resource, action or property, it is being changed, or the service refused.
    """
    stack, resource = _named(world, asked)
    action, options = _action(asked, resource)
    request = _by_hand(Machine(world.cloudformation, stack).request(resource, world.clock.now()))
    hit = Hit(world=world, stack=stack, resource=resource, request=request, options=options)
    try:
        ACTIONS[action].run(hit)
    except HandlerError as error:
        raise Refusal(error.code, error.message) from error
    except NotYet as error:
        raise Refusal(
            "ResourceInUse", f"{resource.logical_id} is under way to something: wait until it is done"
        ) from error
    return {"stack": stack.name, "logical_id": resource.logical_id, "action": action}


class _ByHand(Request):
    """A request whose calls are judged by the services' own lists of words: the registry's schemas leave many out."""

    def call(self, service: str, operation: str, **parameters: Json) -> Json:
        given = {name: value for name, value in parameters.items() if value is not None}
        judged_words(service, operation, given)
        return Request.call(self, service, operation, **given)


def _by_hand(request: Request) -> Request:
    return _ByHand(**{field.name: getattr(request, field.name) for field in fields(request)})


def _named(world: World, asked: Json) -> tuple[Stack, Resource]:
    name, region, logical_id = asked["stack"], asked.get("region"), asked["logical_id"]
    live = [stack for stack in world.cloudformation.stacks.values() if not stack.deleted]
    named = [stack for stack in live if name in (stack.name, stack.id)]
    found = [stack for stack in named if region in (None, stack.region)]
    if not found:
        known = ", ".join(sorted({stack.name for stack in live})) or "none"
        where = f" in {region}" if region and named else ""
        raise Refusal("NoSuchStack", f"no stack is called {name}{where}; there are: {known}")
    if len(found) > 1:
        regions = ", ".join(sorted(stack.region for stack in found))
        raise Refusal("SeveralStacks", f"{name} is a stack in {regions}: say region=")
    resource = found[0].resources.get(logical_id)
    if resource is None:
        known = ", ".join(sorted(found[0].resources)) or "none"
        raise Refusal("NoSuchResource", f"{name} has no resource {logical_id}; it has: {known}")
    return found[0], resource


def _action(asked: Json, resource: Resource) -> tuple[str, dict[str, Json]]:
    """Return what is to be done, and with what, checked: an option that is passed over would be a surprise."""
    options = {name: value for name, value in asked.items() if name not in WHERE}
    name = str(asked.get("action") or ("change" if "property" in options else "delete"))
    action = ACTIONS.get(name)
    if action is None:
        raise Refusal("BadAction", f"action is one of {', '.join(ACTIONS)}, not {name!r}")
    if action.types and resource.resource_type not in action.types:
        raise Refusal("BadAction", f"{name} is for {' and '.join(action.types)}, not for {resource.resource_type}")
    strange = sorted(set(options) - set(action.options))
    if strange:
        known = ", ".join(action.options) or "none"
        raise Refusal("UnknownOption", f"{name} has no option {strange[0]!r}; it has: {known}")
    missing = [option for option in action.needs if option not in options]
    if missing:
        raise Refusal("MissingOption", f"{name} needs {missing[0]}=: {action.options[missing[0]]}")
    return name, options


# What a hand can do


def _delete(hit: Hit) -> None:
    HANDLERS[hit.resource.resource_type].delete(hit.request)


def _change(hit: Hit) -> None:
    """Set a property to another value, and refuse where nobody would see a difference afterwards."""
    path, value = str(hit.options["property"]), hit.options["value"]
    handler, machine = HANDLERS[hit.resource.resource_type], Machine(hit.world.cloudformation, hit.stack)
    live = _live(hit)
    changed = _with(hit, live, path, value)
    readable = hit.type.readable and not hit.type.is_write_only(path)

    def seen() -> object:
        """What CloudFormation finds, and what the service says of properties that no template writes."""
        return finding(machine, hit.resource, hit.type), handler.read(hit.request).get(path.split("/")[0])

    before = seen() if readable else None
    request = replace(hit.request, properties=changed, previous=live, previous_tags=hit.request.tags)
    with _all_or_nothing(hit):
        if hit.type.recreation(path) == "Always":
            if not handler.made_again or path.split("/")[0] == handler.name_property:
                raise Refusal("CreateOnly", f"{path} of {hit.type.resource_type} cannot be changed by anybody")
            handler.delete(hit.request)
            pending = handler.create(replace(request, previous={}, previous_tags={})).pending
        else:
            pending = handler.update(request).pending
        if before is not None and not pending and seen() == before:
            raise Refusal("NothingChanged", f"{path} of {hit.resource.logical_id} is {value!r} already")


@contextmanager
def _all_or_nothing(hit: Hit) -> Iterator[None]:
    """Let what SageMaker refuses to make again be there as it was: it was deleted for that."""
    hosting, region = hit.world.sagemaker, hit.stack.region
    held = hosting.region(region)
    models, configs = dict(held.models), dict(held.configs)
    try:
        yield
    except (Refusal, HandlerError):
        held.models, held.configs = models, configs
        hosting.save(region)
        raise


def _live(hit: Hit) -> dict[str, Json]:
    """Return what the template declares as it is now: somebody may have been here before."""
    declared = dict(hit.resource.properties)
    if not hit.type.readable:
        return declared
    actual = HANDLERS[hit.resource.resource_type].read(hit.request)
    found: dict[str, Json] = {name: actual.get(name, value) for name, value in declared.items()}
    tags = found.get(hit.type.tag_property)
    if tags:  # those of AWS are not counted: nobody may change them
        found[hit.type.tag_property] = _without_aws(tags)
    return found


def _without_aws(tags: Json) -> Json:
    if isinstance(tags, dict):
        return {key: value for key, value in tags.items() if not _of_aws(key)}
    return [tag for tag in tags if not _of_aws(tag["Key"])]


def _of_aws(key: str) -> bool:
    return key.lower().startswith("aws:")


def _with(hit: Hit, live: Mapping[str, Json], path: str, value: Json) -> dict[str, Json]:
    """Return the properties with one of them changed; text stands for what the schema wants."""
    name, supported = path.split("/")[0], HANDLERS[hit.resource.resource_type].supported
    if name not in supported:
        near = get_close_matches(name, supported, 1)
        such = f"did you mean {near[0]}?" if near else f"it has: {', '.join(sorted(supported))}"
        raise Refusal("NoSuchProperty", f"{hit.type.resource_type} has no property {name}; {such}")
    changed = deepcopy(dict(live))
    if isinstance(value, str) and value[:1] in ("{", "[") and hit.type.properties[name].get("type") != "string":
        try:
            value = json.loads(value)
        except ValueError as error:
            raise Refusal("BadValue", f"{value} is not JSON: {error}") from error
    try:
        _set(changed, path.split("/"), value)
    except (LookupError, TypeError, ValueError) as error:
        raise Refusal("NoSuchProperty", f"{hit.resource.logical_id} has no {path}") from error
    coerced: dict[str, Json] = schema.coerced(hit.type, changed)
    problems = [problem.message for problem in schema.problems(hit.type, coerced)]
    if problems:
        raise Refusal("BadValue", problems[0])
    reserved = sorted(filter(_of_aws, tag_map(coerced.get(hit.type.tag_property))))
    if reserved:
        raise Refusal("BadValue", f"{reserved[0]}: tags whose keys begin with aws: are AWS's own, and nobody's to set")
    return coerced


def _set(properties: Json, path: list[str], value: Json) -> None:
    *way, last = path
    for part in way:
        properties = properties[int(part)] if isinstance(properties, list) else properties.setdefault(part, {})
    if isinstance(properties, list):
        properties[int(last)] = value
    else:
        properties[last] = value


def _serve(hit: Hit) -> None:
    """Make a configuration beside the stack's, and let the endpoint serve it."""
    hosting, region = hit.world.sagemaker, hit.stack.region
    endpoint = hosting.endpoint(region, hit.resource.attributes["EndpointName"])
    asked = deepcopy(hosting.config(region, endpoint.config_name).request)
    asked["EndpointConfigName"] = f"{endpoint.config_name[:53]}-by-hand"
    for variant in asked["ProductionVariants"]:
        variant["InitialInstanceCount"] = hit.whole("count", int(variant["InitialInstanceCount"]))
        if "instance_type" in hit.options:
            variant.pop("InstancePools", None)
            variant["InstanceType"] = str(hit.options["instance_type"])
    scaled = hit.world.scaled_variants(region, endpoint.name)
    made = hosting.create_config(region, asked, hit.request.at).name
    try:
        moved = {"EndpointName": endpoint.name, "EndpointConfigName": made}
        hosting.update_endpoint(region, moved, hit.request.at, scaled=scaled)
    except Refusal:
        hosting.delete_config(region, made)
        raise


def _scale(hit: Hit) -> None:
    """Let a variant have another number of instances, or another weight, than its configuration says."""
    if not {"count", "weight"} & hit.options.keys():
        raise Refusal("MissingOption", "scale needs count= or weight=, or both")
    name = hit.resource.attributes["EndpointName"]
    endpoint = hit.world.sagemaker.endpoint(hit.stack.region, name)
    variants = {variant.name: variant for variant in endpoint.variants}
    chosen = str(hit.options.get("variant") or min(variants))
    if chosen not in variants:
        raise Refusal("NoSuchVariant", f"{name} has no variant {chosen}; it has: {', '.join(sorted(variants))}")
    variant = variants[chosen]
    wanted = {
        "VariantName": chosen,
        "DesiredInstanceCount": hit.whole("count", variant.desired_count),
        "DesiredWeight": hit.number("weight", variant.desired_weight),
    }
    hit.world.sagemaker.scale(hit.stack.region, name, [wanted], hit.request.at)


def _attach(hit: Hit) -> None:
    """Attach a managed policy to a role or user, whatever the stack says of it."""
    from esmcfn.sandbox.resources.iam import know_policy_of_aws

    policy, kind = str(hit.options["policy"]), hit.resource.resource_type.rpartition(":")[2]
    know_policy_of_aws(policy)
    named = {f"{kind}Name": hit.resource.physical_id}
    hit.request.call("iam", f"Attach{kind}Policy", PolicyArn=policy, **named)


def _key(hit: Hit) -> None:
    hit.request.call("iam", "CreateAccessKey", UserName=hit.resource.physical_id)


ENDPOINT, ROLE, USER = "AWS::SageMaker::Endpoint", "AWS::IAM::Role", "AWS::IAM::User"

ACTIONS: Mapping[str, Action] = {
    "delete": Action(summary="deletes it", run=_delete, options={}),
    "change": Action(
        summary="changes one of its properties; models and configurations are deleted and made again for that",
        run=_change,
        options={"property": "its path, such as Threshold or Tags/0/Value", "value": "text, a number or JSON"},
        needs=("property", "value"),
    ),
    "serve": Action(
        summary="lets the endpoint serve another configuration, a copy made by hand",
        run=_serve,
        options={"instance_type": "of the copy", "count": "instances of each variant of the copy"},
        types=(ENDPOINT,),
    ),
    "scale": Action(
        summary="gives a variant other instances or another weight than its configuration",
        run=_scale,
        options={"variant": "default: the first one", "count": "instances", "weight": "of its traffic"},
        types=(ENDPOINT,),
    ),
    "attach": Action(
        summary="attaches a managed policy",
        run=_attach,
        options={"policy": "its ARN, such as arn:aws:iam::aws:policy/ReadOnlyAccess"},
        needs=("policy",),
        types=(ROLE, USER),
    ),
    "key": Action(summary="makes an access key that no stack knows", run=_key, options={}, types=(USER,)),
}
"""What `esmcfn sandbox break` does, by the name of its action."""
