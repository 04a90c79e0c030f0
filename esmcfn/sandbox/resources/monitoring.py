"""AWS::CloudWatch::Alarm, AWS::CloudWatch::Dashboard and AWS::Logs::LogGroup."""

from __future__ import annotations

import json

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, only, without_none
from esmcfn.sandbox.state import Json

ALARM = (
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
    "ThresholdMetricId",
)


class Alarm(Handler):
    """AWS::CloudWatch::Alarm."""

    resource_type = "AWS::CloudWatch::Alarm"
    supported = frozenset({*ALARM, "AlarmName", "Tags"})
    attributes = frozenset({"Arn"})
    name_property = "AlarmName"

    def create(self, request: Request) -> Outcome:
        name = request.physical_id or request.properties.get("AlarmName") or request.name(255)
        if not request.physical_id and self._found(request, name):
            raise HandlerError("AlreadyExists", f"{name} already exists")
        return self._put(request, name)

    def update(self, request: Request) -> Outcome:
        self._live(request)
        made = self._put(request, request.physical_id)
        added, removed = request.tag_changes()
        if added:
            request.call("cloudwatch", "TagResource", ResourceARN=made.attributes["Arn"], Tags=added)
        if removed:
            request.call("cloudwatch", "UntagResource", ResourceARN=made.attributes["Arn"], TagKeys=removed)
        return made

    def delete(self, request: Request) -> None:
        self._live(request)
        request.call("cloudwatch", "DeleteAlarms", AlarmNames=[request.physical_id])

    def read(self, request: Request) -> dict[str, Json]:
        live = self._live(request)
        tags = request.call("cloudwatch", "ListTagsForResource", ResourceARN=live["AlarmArn"])["Tags"]
        return {"AlarmName": live["AlarmName"], **_without_empty(only(live, ALARM)), **without_none(Tags=tags)}

    def conflict(self, request: Request) -> str:
        name = str(request.properties.get("AlarmName", ""))
        return name if name and self._found(request, name) else ""

    def existing(self, request: Request) -> Outcome:
        return self._outcome(request, request.physical_id)

    def _outcome(self, request: Request, name: str) -> Outcome:
        arn = f"arn:aws:cloudwatch:{request.region}:{ACCOUNT}:alarm:{name}"
        return Outcome(physical_id=name, attributes={"Arn": arn})

    def _put(self, request: Request, name: str) -> Outcome:
        tags = request.merged_tags() or None
        given = only(request.properties, ALARM)
        request.call("cloudwatch", "PutMetricAlarm", AlarmName=name, Tags=tags, **given)
        return self._outcome(request, name)

    def _found(self, request: Request, name: str) -> list[Json]:
        found: list[Json] = request.call("cloudwatch", "DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
        return found

    def _live(self, request: Request) -> Json:
        found = self._found(request, request.physical_id)
        if not found:
            raise HandlerError("NotFound", f"Alarm {request.physical_id} not found")
        return found[0]


def _without_empty(value: Json) -> Json:
    """Return a value without the empty lists that CloudWatch puts where nothing was given, inside metrics too."""
    if isinstance(value, dict):
        return {name: _without_empty(item) for name, item in value.items() if item != []}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


class Dashboard(Handler):
    """AWS::CloudWatch::Dashboard: the body must be JSON."""

    resource_type = "AWS::CloudWatch::Dashboard"
    supported = frozenset({"DashboardBody", "DashboardName"})
    name_property = "DashboardName"

    def create(self, request: Request) -> Outcome:
        name = request.physical_id or request.properties.get("DashboardName") or request.name(255)
        self._put(request, name)
        return Outcome(physical_id=name)

    def update(self, request: Request) -> Outcome:
        self.read(request)
        self._put(request, request.physical_id)
        return Outcome(physical_id=request.physical_id)

    def delete(self, request: Request) -> None:
        self.read(request)
        request.call("cloudwatch", "DeleteDashboards", DashboardNames=[request.physical_id])

    def read(self, request: Request) -> dict[str, Json]:
        names = request.call("cloudwatch", "ListDashboards")["DashboardEntries"]
        if request.physical_id not in [entry["DashboardName"] for entry in names]:
            raise HandlerError("NotFound", f"Dashboard {request.physical_id} does not exist")
        live = request.call("cloudwatch", "GetDashboard", DashboardName=request.physical_id)
        return {"DashboardName": live["DashboardName"], "DashboardBody": live["DashboardBody"]}

    def _put(self, request: Request, name: str) -> None:
        body = request.properties["DashboardBody"]
        try:
            json.loads(body)
        except ValueError as error:
            raise HandlerError("InvalidRequest", f"The dashboard body is not valid JSON: {error}") from error
        request.call("cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=body)


class LogGroup(Handler):
    """AWS::Logs::LogGroup."""

    resource_type = "AWS::Logs::LogGroup"
    supported = frozenset({"KmsKeyId", "LogGroupName", "RetentionInDays", "Tags"})
    attributes = frozenset({"Arn"})
    name_property = "LogGroupName"

    def create(self, request: Request) -> Outcome:
        name = request.physical_id or request.properties.get("LogGroupName") or request.name(512)
        if not request.physical_id:
            request.world.logs.sync(request.region)  # a container may have made it already
        tags = {tag["Key"]: tag["Value"] for tag in request.merged_tags()}
        request.call(
            "logs", "CreateLogGroup", logGroupName=name, kmsKeyId=request.properties.get("KmsKeyId"), tags=tags or None
        )
        self._retain(request, name)
        return self._outcome(request, name)

    def update(self, request: Request) -> Outcome:
        self._live(request)
        if request.changed("KmsKeyId"):
            self._encrypt(request)
        if request.changed("RetentionInDays"):
            self._retain(request, request.physical_id)
        added, removed = request.tag_changes()
        if added:
            tags = {tag["Key"]: tag["Value"] for tag in added}
            request.call("logs", "TagLogGroup", logGroupName=request.physical_id, tags=tags)
        if removed:
            request.call("logs", "UntagLogGroup", logGroupName=request.physical_id, tags=removed)
        return self._outcome(request, request.physical_id)

    def delete(self, request: Request) -> None:
        self._live(request)
        request.call("logs", "DeleteLogGroup", logGroupName=request.physical_id)
        request.world.logs.sync(request.region)

    def read(self, request: Request) -> dict[str, Json]:
        live = self._live(request)
        tags = request.call("logs", "ListTagsLogGroup", logGroupName=request.physical_id).get("tags", {})
        return without_none(
            LogGroupName=live["logGroupName"],
            RetentionInDays=live.get("retentionInDays"),
            KmsKeyId=live.get("kmsKeyId"),
            Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        )

    def existing(self, request: Request) -> Outcome:
        request.world.logs.sync(request.region)  # a container may have made it
        return self._outcome(request, request.physical_id)

    def conflict(self, request: Request) -> str:
        name = str(request.properties.get("LogGroupName", ""))
        request.world.logs.sync(request.region)
        return name if name and self._found(request, name) else ""

    def _outcome(self, request: Request, name: str) -> Outcome:
        arn = f"arn:aws:logs:{request.region}:{ACCOUNT}:log-group:{name}:*"
        return Outcome(physical_id=name, attributes={"Arn": arn})

    def _encrypt(self, request: Request) -> None:
        """Change the key: moto has neither AssociateKmsKey nor DisassociateKmsKey."""
        from moto.logs.models import logs_backends

        group = logs_backends[ACCOUNT][request.region].groups[request.physical_id]
        group.kms_key_id = request.properties.get("KmsKeyId")

    def _retain(self, request: Request, name: str) -> None:
        days = request.properties.get("RetentionInDays")
        if days is not None:
            request.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
        elif request.previous:
            request.call("logs", "DeleteRetentionPolicy", logGroupName=name)

    def _found(self, request: Request, name: str) -> list[Json]:
        groups = request.call("logs", "DescribeLogGroups", logGroupNamePrefix=name)["logGroups"]
        return [group for group in groups if group["logGroupName"] == name]

    def _live(self, request: Request) -> Json:
        found = self._found(request, request.physical_id)
        if not found:
            raise HandlerError("NotFound", "The specified log group does not exist.")
        return found[0]


HANDLERS: tuple[Handler, ...] = (Alarm(), Dashboard(), LogGroup())
