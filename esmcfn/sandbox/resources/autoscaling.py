"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy."""

from __future__ import annotations

from collections.abc import Mapping

from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, only, without_none
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call

SCHEDULED = ("ScheduledActionName", "Schedule", "Timezone", "ScalableTargetAction")
POLICY = ("PolicyType", "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration")


def _call(request: Request, operation: str, parameters: Json) -> Json:
    service = request.world.autoscaling
    given = {name: value for name, value in parameters.items() if value is not None}
    call = Call(service="application-autoscaling", operation=operation, region=request.region, parameters=given)
    request.world.faults.authorize(f"application-autoscaling:{operation}")
    return service.operations[operation](call)


def _identity(request: Request) -> dict[str, str]:
    resource_id, dimension, namespace = request.physical_id.split("|")
    return {"ServiceNamespace": namespace, "ResourceId": resource_id, "ScalableDimension": dimension}


class ScalableTarget(Handler):
    """AWS::ApplicationAutoScaling::ScalableTarget, its scheduled actions inside."""

    resource_type = "AWS::ApplicationAutoScaling::ScalableTarget"
    supported = frozenset(
        {
            "MaxCapacity",
            "MinCapacity",
            "ResourceId",
            "RoleARN",
            "ScalableDimension",
            "ScheduledActions",
            "ServiceNamespace",
            "SuspendedState",
            "Tags",
        }
    )
    attributes = frozenset({"Id"})

    def create(self, request: Request) -> Outcome:
        given = request.properties
        identity = only(given, ("ServiceNamespace", "ResourceId", "ScalableDimension"))
        if given["ResourceId"] in request.world.autoscaling.region(request.region).targets:
            raise HandlerError("AlreadyExists", f"{given['ResourceId']}|{given['ScalableDimension']} already exists")
        tags = {tag["Key"]: tag["Value"] for tag in request.merged_tags()}
        self._register(request, {**identity, "Tags": tags or None})
        for action in given.get("ScheduledActions", ()):
            _call(request, "PutScheduledAction", {**identity, **only(action, SCHEDULED)})
        physical_id = "|".join((given["ResourceId"], given["ScalableDimension"], given["ServiceNamespace"]))
        return Outcome(physical_id=physical_id, attributes={"Id": physical_id})

    def update(self, request: Request) -> Outcome:
        identity = _identity(request)
        self._live(request)
        self._register(request, identity)
        new = {item["ScheduledActionName"]: item for item in request.properties.get("ScheduledActions", ())}
        old = {item["ScheduledActionName"]: item for item in request.previous.get("ScheduledActions", ())}
        for name, action in new.items():
            if old.get(name) != action:
                _call(request, "PutScheduledAction", {**identity, **only(action, SCHEDULED)})
        for name in old.keys() - new.keys():
            _call(request, "DeleteScheduledAction", {**identity, "ScheduledActionName": name})
        target = request.world.autoscaling.region(request.region).targets[identity["ResourceId"]]
        target.tags = {tag["Key"]: tag["Value"] for tag in request.merged_tags()}
        request.world.autoscaling.save(request.region)
        return Outcome(physical_id=request.physical_id, attributes={"Id": request.physical_id})

    def delete(self, request: Request) -> None:
        _call(request, "DeregisterScalableTarget", _identity(request))

    def read(self, request: Request) -> dict[str, Json]:
        identity, live = _identity(request), self._live(request)
        held = request.world.autoscaling.region(request.region).targets[identity["ResourceId"]]
        scheduled = [only(action, SCHEDULED) for action in held.scheduled.values()]
        return without_none(
            **identity,
            MinCapacity=live["MinCapacity"],
            MaxCapacity=live["MaxCapacity"],
            SuspendedState=live["SuspendedState"] if "SuspendedState" in request.properties else None,
            ScheduledActions=scheduled,
            Tags=[{"Key": key, "Value": value} for key, value in sorted(held.tags.items())],
        )

    def physical_id(self, identifier: Mapping[str, str]) -> str:
        return "|".join(identifier[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))

    def restore(self, request: Request) -> None:
        """Nothing: Application Auto Scaling keeps its own state."""

    def conflict(self, request: Request) -> str:
        name = str(request.properties.get("ResourceId", ""))
        return name if name in request.world.autoscaling.region(request.region).targets else ""

    def _register(self, request: Request, identity: Json) -> None:
        given = only(request.properties, ("MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState"))
        _call(request, "RegisterScalableTarget", {**identity, **given})

    def _live(self, request: Request) -> Json:
        identity = _identity(request)
        asked = {"ServiceNamespace": identity["ServiceNamespace"], "ResourceIds": [identity["ResourceId"]]}
        found = _call(request, "DescribeScalableTargets", asked)["ScalableTargets"]
        if not found:
            raise HandlerError("NotFound", f"No scalable target registered: {request.physical_id}")
        return found[0]


class ScalingPolicy(Handler):
    """AWS::ApplicationAutoScaling::ScalingPolicy: its target by id, or by the three parts of it."""

    resource_type = "AWS::ApplicationAutoScaling::ScalingPolicy"
    supported = frozenset(
        {
            "PolicyName",
            "PolicyType",
            "ResourceId",
            "ScalableDimension",
            "ScalingTargetId",
            "ServiceNamespace",
            "StepScalingPolicyConfiguration",
            "TargetTrackingScalingPolicyConfiguration",
        }
    )
    attributes = frozenset({"Arn"})
    name_property = "PolicyName"

    def create(self, request: Request) -> Outcome:
        made = _call(request, "PutScalingPolicy", self._asked(request))["PolicyARN"]
        return Outcome(physical_id=made, attributes={"Arn": made})

    def update(self, request: Request) -> Outcome:
        self._live(request)
        _call(request, "PutScalingPolicy", self._asked(request))
        return Outcome(physical_id=request.physical_id, attributes={"Arn": request.physical_id})

    def delete(self, request: Request) -> None:
        asked = {k: v for k, v in self._asked(request).items() if k not in POLICY}
        _call(request, "DeleteScalingPolicy", asked)

    def read(self, request: Request) -> dict[str, Json]:
        live = self._live(request)
        identity = "|".join((live["ResourceId"], live["ScalableDimension"], live["ServiceNamespace"]))
        parts = ("ResourceId", "ScalableDimension", "ServiceNamespace")
        return without_none(
            PolicyName=live["PolicyName"],
            ScalingTargetId=identity if "ScalingTargetId" in request.properties else None,
            **only(live, POLICY),
            **{name: live[name] for name in parts if name in request.properties},
        )

    def physical_id(self, identifier: Mapping[str, str]) -> str:
        return identifier["Arn"]

    def restore(self, request: Request) -> None:
        """Nothing: Application Auto Scaling keeps its own state."""

    def _asked(self, request: Request) -> dict[str, Json]:
        given = request.properties
        if "ScalingTargetId" in given:
            resource_id, dimension, namespace = str(given["ScalingTargetId"]).split("|")
        else:
            resource_id, dimension, namespace = (
                str(given.get(name, "")) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")
            )
        return {
            "PolicyName": given["PolicyName"],
            "ServiceNamespace": namespace,
            "ResourceId": resource_id,
            "ScalableDimension": dimension,
            **only(given, POLICY),
        }

    def _live(self, request: Request) -> Json:
        asked = self._asked(request)
        try:
            found = _call(
                request,
                "DescribeScalingPolicies",
                {"ServiceNamespace": asked["ServiceNamespace"], "PolicyNames": [asked["PolicyName"]]},
            )["ScalingPolicies"]
        except Refusal as refusal:
            raise HandlerError.of(refusal) from refusal
        for policy in found:
            if policy["PolicyARN"] == request.physical_id:
                return policy
        raise HandlerError("NotFound", f"No scaling policy found: {request.physical_id}")


HANDLERS: tuple[Handler, ...] = (ScalableTarget(), ScalingPolicy())
