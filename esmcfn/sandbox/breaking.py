"""`esmcfn sandbox break`: change or delete a resource behind CloudFormation's back, as a hand in the console would."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError, NotYet
from esmcfn.sandbox.state import Json

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World


def break_resource(world: World, asked: Json) -> Mapping[str, Any]:
    """Delete a resource, or set one of its properties, without telling CloudFormation.

    Raises:
        Refusal: no such stack, resource or property, it is being changed, or the service refused.
    """
    region = asked.get("region")
    named = [s for s in world.cloudformation.stacks.values() if s.name == asked["stack"] and not s.deleted]
    found = [stack for stack in named if region in (None, stack.region)]
    if not found:
        raise Refusal("NoSuchStack", f"no stack is called {asked['stack']}")
    stack = found[0]
    resource = stack.resources.get(asked["logical_id"])
    if resource is None:
        known = ", ".join(sorted(stack.resources))
        raise Refusal("NoSuchResource", f"{stack.name} has no resource {asked['logical_id']}; it has: {known}")
    request = Engine(world, stack).request(resource, world.clock.now())
    handler, action = HANDLERS[resource.resource_type], asked.get("action", "delete")
    try:
        if action == "delete":
            handler.delete(request)
        elif action == "change":
            changed = deepcopy(dict(resource.properties))
            _set(changed, str(asked["property"]).split("/"), asked["value"])
            handler.update(
                replace(request, properties=changed, previous=resource.properties, previous_tags=request.tags)
            )
        else:
            raise Refusal("BadAction", f"action is delete or change, not {action!r}")
    except HandlerError as error:
        raise Refusal(error.code, error.message) from error
    except NotYet as error:
        raise Refusal(
            "ResourceInUse", f"{resource.logical_id} is under way to something: wait until it is done"
        ) from error
    return {"stack": stack.name, "logical_id": resource.logical_id, "action": action}


def _set(properties: Json, path: list[str], value: Json) -> None:
    *way, last = path
    for part in way:
        properties = properties[int(part)] if isinstance(properties, list) else properties.setdefault(part, {})
    if isinstance(properties, list):
        properties[int(last)] = value
    else:
        properties[last] = value
