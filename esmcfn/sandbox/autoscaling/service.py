"""Scalable targets, policies and scheduled actions of SageMaker variants.

A target needs an endpoint with that variant; a policy needs a target and makes its two alarms in CloudWatch; deleting
an endpoint deregisters its targets without notice.
https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field

from esmcfn.reference.cron import fault
from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.sagemaker.hosting import Hosting
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.tags import tag_map
from esmcfn.sandbox.wire import Call, Operation

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
RESOURCE = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")
CRON = re.compile(r"cron\((?P<fields>.*)\)")
OTHERWISE = re.compile(r"(rate|at)\([^()]+\)")
ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


@dataclass(slots=True, kw_only=True)
class Target:
    """A scalable target."""

    id: str
    resource_id: str
    dimension: str
    minimum: int
    maximum: int
    role_arn: str
    created_at: float
    suspended: dict[str, bool] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    scheduled: dict[str, dict[str, Json]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Policy:
    """A scaling policy and the alarms it made."""

    arn: str
    name: str
    kind: str
    resource_id: str
    dimension: str
    created_at: float
    target_tracking: Json = None
    step: Json = None
    alarms: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Region:
    """What one region has."""

    targets: dict[str, Target] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)


def refuse(message: str) -> Refusal:
    """Application Auto Scaling's answer to a request that cannot be right."""
    return Refusal("ValidationException", message)


class AutoScaling:
    """The operations."""

    def __init__(self, ground: Ground, hosting: Hosting) -> None:
        self.ground = ground
        self.hosting = hosting
        self.regions = dict(ground.store.all("autoscaling", Region))

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "RegisterScalableTarget": self.register,
            "DeregisterScalableTarget": self.deregister,
            "DescribeScalableTargets": self.describe_targets,
            "PutScalingPolicy": self.put_policy,
            "DeleteScalingPolicy": self.delete_policy,
            "DescribeScalingPolicies": self.describe_policies,
            "DescribeScalingActivities": self.activities,
            "PutScheduledAction": self.schedule,
            "DeleteScheduledAction": self.unschedule,
            "DescribeScheduledActions": self.describe_scheduled,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.tags,
        }

    def region(self, name: str) -> Region:
        """Return what a region holds."""
        return self.regions.setdefault(name, Region())

    def save(self, name: str) -> None:
        """Keep a region on disk."""
        self.ground.store.put("autoscaling", name, self.region(name))

    def variants(self, region: str, endpoint: str) -> list[str]:
        """Return the variants of an endpoint that have a target."""
        found = (RESOURCE.fullmatch(target.resource_id) for target in self.region(region).targets.values())
        return [match["variant"] for match in found if match and match["endpoint"] == endpoint]

    def endpoint_deleted(self, region: str, endpoint: str) -> None:
        """Deregister the targets of an endpoint that goes."""
        for variant in self.variants(region, endpoint):
            self._drop(region, f"endpoint/{endpoint}/variant/{variant}")

    # Targets

    def register(self, call: Call) -> Json:
        """RegisterScalableTarget: makes one, or changes the one there is."""
        given, held = call.parameters, self.region(call.region)
        resource_id = self._checked(call)
        existing = held.targets.get(resource_id)
        if existing is None and not ("MinCapacity" in given and "MaxCapacity" in given):
            raise refuse("Both MinCapacity and MaxCapacity are required for a new scalable target.")
        if existing is not None and given.get("Tags"):
            raise refuse("The scalable target that you tried to tag already exists.")
        minimum = int(given.get("MinCapacity", existing.minimum if existing else 0))
        maximum = int(given.get("MaxCapacity", existing.maximum if existing else 0))
        if minimum < 1:
            raise refuse("Minimum instance count is required to be 1 or higher")
        if maximum < minimum:
            raise refuse("Maximum capacity cannot be less than minimum capacity")
        target = existing or Target(
            id=uuid.uuid4().hex,
            resource_id=resource_id,
            dimension=DIMENSION,
            minimum=minimum,
            maximum=maximum,
            role_arn=given.get("RoleARN", ROLE),
            created_at=self.ground.clock.now(),
            tags=tag_map(given.get("Tags")),
        )
        target.minimum, target.maximum = minimum, maximum
        target.role_arn = given.get("RoleARN", target.role_arn)
        target.suspended = dict(given.get("SuspendedState", target.suspended))
        held.targets[resource_id] = target
        self.save(call.region)
        return {"ScalableTargetARN": _target_arn(call.region, target)}

    def deregister(self, call: Call) -> Json:
        """DeregisterScalableTarget: its policies and alarms go too."""
        self._target(call)
        self._drop(call.region, call.parameters["ResourceId"])
        return {}

    def describe_targets(self, call: Call) -> Json:
        """DescribeScalableTargets."""
        wanted = call.parameters.get("ResourceIds")
        ours = _ours(call)
        found = [
            {
                "ServiceNamespace": "sagemaker",
                "ResourceId": target.resource_id,
                "ScalableDimension": target.dimension,
                "MinCapacity": target.minimum,
                "MaxCapacity": target.maximum,
                "RoleARN": target.role_arn,
                "CreationTime": moment(target.created_at),
                "SuspendedState": _suspended(target),
                "ScalableTargetARN": _target_arn(call.region, target),
            }
            for target in self.region(call.region).targets.values()
            if ours and (not wanted or target.resource_id in wanted)
        ]
        some, token = self.ground.page(call, found)
        return {"ScalableTargets": some, "NextToken": token}

    def _checked(self, call: Call) -> str:
        given = call.parameters
        match = RESOURCE.fullmatch(given["ResourceId"])
        if given["ServiceNamespace"] != "sagemaker" or given["ScalableDimension"] != DIMENSION or match is None:
            raise refuse(f"The sandbox scales {DIMENSION} of endpoint/NAME/variant/NAME and nothing else.")
        held = self.hosting.region(call.region).endpoints.get(match["endpoint"].lower())
        if held is None or held.name != match["endpoint"]:
            raise refuse(f"ECS service or SageMaker endpoint doesn't exist: {given['ResourceId']}")
        if match["variant"] not in [variant.name for variant in held.variants]:
            raise refuse(f"Unable to find variant {match['variant']} of endpoint {held.name}")
        return str(given["ResourceId"])

    def _target(self, call: Call) -> Target:
        given = call.parameters
        found = self.region(call.region).targets.get(given["ResourceId"])
        asked = (given["ServiceNamespace"], given["ScalableDimension"])
        if found is None or asked != ("sagemaker", found.dimension):
            raise Refusal(
                "ObjectNotFoundException",
                f"No scalable target registered for service namespace: {given['ServiceNamespace']}, resource ID: "
                f"{given['ResourceId']}, scalable dimension: {given['ScalableDimension']}",
            )
        return found

    def _drop(self, region: str, resource_id: str) -> None:
        held = self.region(region)
        held.targets.pop(resource_id, None)
        for arn in [arn for arn, policy in held.policies.items() if policy.resource_id == resource_id]:
            self._delete_alarms(region, held.policies.pop(arn))
        self.save(region)

    # Policies

    def put_policy(self, call: Call) -> Json:
        """PutScalingPolicy."""
        given, held = call.parameters, self.region(call.region)
        target = self._target(call)
        kind = given.get("PolicyType", "StepScaling")
        tracking, step = (
            given.get("TargetTrackingScalingPolicyConfiguration"),
            given.get("StepScalingPolicyConfiguration"),
        )
        if (kind == "TargetTrackingScaling") != (tracking is not None) or (kind == "StepScaling") != (step is not None):
            raise refuse(f"A policy of type {kind} needs its own configuration and no other.")
        existing = next((p for p in held.policies.values() if self._same(p, given)), None)
        policy = existing or Policy(
            arn=f"arn:aws:autoscaling:{call.region}:{ACCOUNT}:scalingPolicy:{uuid.uuid4()}:resource/sagemaker/"
            f"{target.resource_id}:policyName/{given['PolicyName']}",
            name=given["PolicyName"],
            kind=kind,
            resource_id=target.resource_id,
            dimension=target.dimension,
            created_at=self.ground.clock.now(),
        )
        policy.kind, policy.target_tracking, policy.step = kind, tracking, step
        self._delete_alarms(call.region, policy)
        policy.alarms = self._make_alarms(call.region, policy) if tracking is not None else []
        held.policies[policy.arn] = policy
        self.save(call.region)
        return {"PolicyARN": policy.arn, "Alarms": _alarms(call.region, policy)}

    def delete_policy(self, call: Call) -> Json:
        """DeleteScalingPolicy: and its alarms."""
        held = self.region(call.region)
        self._target(call)
        found = next((p for p in held.policies.values() if self._same(p, call.parameters)), None)
        if found is None:
            raise Refusal("ObjectNotFoundException", f"No scaling policy found: {call.parameters['PolicyName']}")
        del held.policies[found.arn]
        self._delete_alarms(call.region, found)
        self.save(call.region)
        return {}

    def describe_policies(self, call: Call) -> Json:
        """DescribeScalingPolicies."""
        resource, names = call.parameters.get("ResourceId"), call.parameters.get("PolicyNames")
        ours = _ours(call)
        found = [
            {
                "PolicyARN": policy.arn,
                "PolicyName": policy.name,
                "ServiceNamespace": "sagemaker",
                "ResourceId": policy.resource_id,
                "ScalableDimension": policy.dimension,
                "PolicyType": policy.kind,
                "StepScalingPolicyConfiguration": policy.step,
                "TargetTrackingScalingPolicyConfiguration": policy.target_tracking,
                "Alarms": _alarms(call.region, policy),
                "CreationTime": moment(policy.created_at),
            }
            for policy in self.region(call.region).policies.values()
            if ours and resource in (None, policy.resource_id) and (not names or policy.name in names)
        ]
        some, token = self.ground.page(call, found)
        return {"ScalingPolicies": some, "NextToken": token}

    def activities(self, _: Call) -> Json:
        """DescribeScalingActivities: nothing scales by itself here."""
        return {"ScalingActivities": []}

    def _same(self, policy: Policy, given: Json) -> bool:
        return (policy.name, policy.resource_id) == (given["PolicyName"], given["ResourceId"])

    def _make_alarms(self, region: str, policy: Policy) -> list[str]:
        names = [f"TargetTracking-{policy.resource_id}-Alarm{word}-{uuid.uuid4()}" for word in ("High", "Low")]
        for name, comparison in zip(names, ("GreaterThanThreshold", "LessThanThreshold"), strict=True):
            alarm = {
                "AlarmName": name,
                "ComparisonOperator": comparison,
                "EvaluationPeriods": 3,
                "MetricName": "InvocationsPerInstance",
                "Namespace": "AWS/SageMaker",
                "Period": 60,
                "Statistic": "Average",
                "Threshold": float((policy.target_tracking or {}).get("TargetValue", 0)),
                "AlarmActions": [policy.arn],
            }
            self.ground.moto.call("cloudwatch", "PutMetricAlarm", region, alarm)
        return names

    def _delete_alarms(self, region: str, policy: Policy) -> None:
        if policy.alarms:
            self.ground.moto.call("cloudwatch", "DeleteAlarms", region, {"AlarmNames": policy.alarms})

    # Scheduled actions and tags

    def schedule(self, call: Call) -> Json:
        """PutScheduledAction."""
        target, given = self._target(call), dict(call.parameters)
        for name in ("StartTime", "EndTime"):
            if name in given:
                raise refuse(f"The sandbox does not support {name} of a scheduled action")
        cron = CRON.fullmatch(str(given.get("Schedule", "")))
        wrong = fault(cron["fields"]) if cron else ""
        if not cron and not OTHERWISE.fullmatch(str(given.get("Schedule", "rate(1 day)"))):
            wrong = "it is none of cron(...), rate(...) and at(...)"
        if wrong:
            raise refuse(f"Invalid schedule expression {given['Schedule']}: {wrong}.")
        target.scheduled[given["ScheduledActionName"]] = given
        self.save(call.region)
        return {}

    def unschedule(self, call: Call) -> Json:
        """DeleteScheduledAction."""
        target, name = self._target(call), call.parameters["ScheduledActionName"]
        if name not in target.scheduled:
            raise Refusal("ObjectNotFoundException", f"No scheduled action found: {name}")
        del target.scheduled[name]
        self.save(call.region)
        return {}

    def describe_scheduled(self, call: Call) -> Json:
        """DescribeScheduledActions."""
        wanted, names = call.parameters.get("ResourceId"), call.parameters.get("ScheduledActionNames")
        ours = _ours(call)
        found = [
            {
                **action,
                "ScheduledActionARN": f"{_target_arn(call.region, target)}:scheduledActionName/{name}",
                "CreationTime": moment(target.created_at),
            }
            for target in self.region(call.region).targets.values()
            for name, action in target.scheduled.items()
            if ours and wanted in (None, target.resource_id) and (not names or name in names)
        ]
        some, token = self.ground.page(call, found)
        return {"ScheduledActions": some, "NextToken": token}

    def tag(self, call: Call) -> Json:
        """TagResource."""
        self._by_arn(call).tags.update(call.parameters["Tags"])
        self.save(call.region)
        return {}

    def untag(self, call: Call) -> Json:
        """UntagResource."""
        target, gone = self._by_arn(call), call.parameters["TagKeys"]
        target.tags = {k: v for k, v in target.tags.items() if k not in gone}
        self.save(call.region)
        return {}

    def tags(self, call: Call) -> Json:
        """ListTagsForResource."""
        return {"Tags": self._by_arn(call).tags}

    def _by_arn(self, call: Call) -> Target:
        arn = call.parameters["ResourceARN"]
        for target in self.region(call.region).targets.values():
            if _target_arn(call.region, target) == arn:
                return target
        raise Refusal("ResourceNotFoundException", f"The resource does not exist: {arn}")


def _ours(call: Call) -> bool:
    """Whether a call asks for what the sandbox scales; of anything else there is nothing to describe."""
    namespace, dimension = call.parameters["ServiceNamespace"], call.parameters.get("ScalableDimension")
    return bool(namespace == "sagemaker" and dimension in (None, DIMENSION))


def _target_arn(region: str, target: Target) -> str:
    return f"arn:aws:application-autoscaling:{region}:{ACCOUNT}:scalable-target/{target.id}"


def _suspended(target: Target) -> dict[str, bool]:
    names = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
    return {name: bool(target.suspended.get(name, False)) for name in names}


def _alarms(region: str, policy: Policy) -> list[dict[str, str]]:
    return [
        {"AlarmName": name, "AlarmARN": f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}"} for name in policy.alarms
    ]
