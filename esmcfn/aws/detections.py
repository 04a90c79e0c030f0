"""CloudFormation's own drift detection: begun, awaited, and read to the last page."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from esmcfn.aws.pace import Pace, Rhythm
from esmcfn.aws.session import Clients, translated
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.drift import Detection, Difference, NativeDrift, StackResource
from esmcfn.errors import Interrupted

RUNNING = "DETECTION_IN_PROGRESS"

ABSENT = "null"
"""How CloudFormation writes the side of a difference that has no value.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_PropertyDifference.html
"""


class CloudFormationDetections:
    """The port Detections, by CloudFormation."""

    def __init__(self, clients: Clients, stop: threading.Event) -> None:
        self._clients, self._stop = clients, stop
        self._pace = Pace()

    def resources(self, stack: DeployedStack) -> tuple[StackResource, ...]:
        with translated(f"listing the resources of {stack.name}", operation="ListStackResources"):
            pages = list(self._client.get_paginator("list_stack_resources").paginate(StackName=stack.stack_id))
        return tuple(
            StackResource(
                logical_id=found["LogicalResourceId"],
                resource_type=found["ResourceType"],
                physical_id=found.get("PhysicalResourceId", ""),
                status=found["ResourceStatus"],
            )
            for page in pages
            for found in page["StackResourceSummaries"]
        )

    def begin(self, stack: DeployedStack) -> str:
        with translated(f"beginning drift detection of {stack.name}", operation="DetectStackDrift"):
            return str(self._client.detect_stack_drift(StackName=stack.stack_id)["StackDriftDetectionId"])

    def result(self, stack: DeployedStack, detection: str, *, within: float) -> Detection:
        failure = self._awaited(stack, detection, within)
        doing = f"reading the drift of {stack.name}"
        with translated(doing, operation="DescribeStackResourceDrifts"):
            # botocore has no paginator for it, and one page is a hundred resources at most.
            given: dict[str, str] = {"StackName": stack.stack_id}
            drifts: dict[str, NativeDrift] = {}
            while True:
                page = self._client.describe_stack_resource_drifts(**given)
                drifts.update({each["LogicalResourceId"]: _drift(each) for each in page["StackResourceDrifts"]})
                if not page.get("NextToken"):
                    break
                given["NextToken"] = page["NextToken"]
        return Detection(drifts=drifts, failure=failure)

    def _awaited(self, stack: DeployedStack, detection: str, within: float) -> str:
        """Wait until it is done; why it failed, empty where it did not. Only looking again has to keep the pace."""
        rhythm, until = Rhythm(), time.monotonic() + within
        while True:
            with translated(f"awaiting the drift of {stack.name}", operation="DescribeStackDriftDetectionStatus"):
                said = self._client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
            if said["DetectionStatus"] != RUNNING:
                failed = said["DetectionStatus"] != "DETECTION_COMPLETE"
                return str(said.get("DetectionStatusReason") or said["DetectionStatus"]) if failed else ""
            if time.monotonic() > until:
                return f"drift detection was not done after {within:.0f} seconds"
            if self._stop.wait(rhythm.seconds()) or self._stop.wait(self._pace.turn()):
                raise Interrupted("stopped waiting for drift detection, which changes nothing")

    @property
    def _client(self) -> Any:
        return self._clients.of("cloudformation")


def _drift(described: Mapping[str, Any]) -> NativeDrift:
    return NativeDrift(
        status=described["StackResourceDriftStatus"],
        differences=tuple(_difference(each) for each in described.get("PropertyDifferences", [])),
        reason=described.get("DriftStatusReason", ""),
    )


def _difference(described: Mapping[str, Any]) -> Difference:
    kind, wanted, found = described["DifferenceType"], described["ExpectedValue"], described["ActualValue"]
    return Difference(
        path=described["PropertyPath"].strip("/"),
        expected=None if kind == "ADD" and wanted == ABSENT else wanted,
        observed=None if kind == "REMOVE" and found == ABSENT else found,
    )
