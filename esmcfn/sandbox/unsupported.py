"""What our services do not honour, so that nobody believes they did: asking for it is refused.

Whatever else a request says must be read by the operation that answers it; `Given` notices where it was not.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from typing import Any

from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json

PARAMETERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "cloudformation": {
        "DescribeAccountLimits": ("NextToken",),
        "DescribeChangeSetHooks": ("NextToken", "LogicalResourceId"),
        "ExecuteChangeSet": ("RetainExceptOnCreate",),
        "GetTemplateSummary": ("StackSetName", "CallAs", "TemplateSummaryConfig"),
        "ListImports": ("NextToken",),
        "RollbackStack": ("RetainExceptOnCreate",),
        "SetStackPolicy": ("StackPolicyURL",),
    },
    "sagemaker": {
        "CreateEndpointConfig": ("CrossRegionTrafficConfig",),
        "DescribeModelPackage": ("IncludedData",),
        "UpdateEndpoint": ("RetainDeploymentConfig",),
    },
    "application-autoscaling": {
        "PutScalingPolicy": ("PredictiveScalingPolicyConfiguration",),
        "DescribeScalingActivities": ("NextToken",),
    },
    "service-quotas": {
        "GetServiceQuota": ("ContextId",),
        "ListServiceQuotas": ("QuotaAppliedAtLevel",),
    },
    "ce": {
        "GetCostAndUsage": ("BillingViewArn",),
        "GetTags": ("BillingViewArn", "Filter", "NextPageToken", "SearchString", "SortBy"),
    },
    "cloudwatch": {
        "DescribeAlarms": ("ChildrenOfAlarmName", "ParentsOfAlarmName"),
        "PutMetricData": ("EntityMetricData", "StrictEntityValidation"),
        "GetMetricData": ("LabelOptions",),
        "ListMetrics": ("RecentlyActive", "IncludeLinkedAccounts", "OwningAccount"),
    },
    "logs": {
        "GetLogEvents": ("unmask",),
        "FilterLogEvents": ("unmask",),
    },
}
"""Service and operation to the parameters that nothing here acts on; an empty value, or false, is fine."""

WITHOUT_EFFECT: Mapping[str, tuple[str, ...]] = {
    "DescribeScalingActivities": (
        "IncludeNotScaledActivities",
        "MaxResults",
        "ResourceId",
        "ScalableDimension",
        "ServiceNamespace",
    ),
    "FilterLogEvents": ("interleaved",),
    "GetTags": ("MaxResults",),
    "ListServices": ("MaxResults", "NextToken"),
}
"""What can change nothing: the answer is empty, or one short page, whatever it says."""


def refuse(service: str, operation: str, given: Mapping[str, Json]) -> None:
    """Refuse a request that asks for what the sandbox does not have.

    Raises:
        Refusal: naming the first such parameter.
    """
    for name in PARAMETERS.get(service, {}).get(operation, ()):
        if given.get(name):
            code = "ValidationError" if service == "cloudformation" else "ValidationException"
            raise Refusal(code, f"The sandbox does not support {name} of {operation}")


class Given(dict[str, Any]):
    """A request's parameters, which know what has been read of them."""

    def __init__(self, parameters: Mapping[str, Json]) -> None:
        super().__init__(parameters)
        self.unread = set(parameters)

    def __getitem__(self, name: str) -> Json:
        self.unread.discard(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Json = None) -> Json:
        """Return a parameter's value, or the default."""
        self.unread.discard(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.unread.discard(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self.unread.clear()
        return super().__iter__()

    def items(self) -> ItemsView[str, Json]:  # type: ignore[override]
        """Return everything: it counts as read."""
        self.unread.clear()
        return super().items()

    def ignored(self, operation: str) -> list[str]:
        """Return what an operation should have looked at and did not."""
        return sorted(self.unread - set(WITHOUT_EFFECT.get(operation, ())))
