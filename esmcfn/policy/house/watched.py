"""House rules about what production needs besides instances: alarms, keys and logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.hosting import parked
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, mapping, text
from esmcfn.reference.storage import own_disks

_FELT = ("Invocation5XXErrors", "InvocationModelErrors", "ModelLatency")
"""Metrics of what callers feel.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""
_LOGS = "/aws/sagemaker/Endpoints/"


def _nobody_told(subject: Subject) -> Iterable[Complaint]:
    for endpoint, name in _endpoints(subject):
        alarms = [found for found in subject.resources("AWS::CloudWatch::Alarm") if _about(found[1], name)]
        if not alarms:
            yield Complaint("an endpoint in production without alarms", f"{endpoint}/alarms")
        elif not any(_of_failures(alarm) for _, alarm in alarms):
            said = "no alarm tells when calls fail or take too long, in production"
            yield Complaint(said, f"{endpoint}/alarms/invocation_5xx_errors")
        silent = [logical_id for logical_id, alarm in alarms if not items(alarm.get("AlarmActions"))]
        if silent:
            yield Complaint(f"nobody is told of {', '.join(silent)}, in production", silent[0])


def _no_key(subject: Subject) -> Iterable[Complaint]:
    if not subject.policy.production:
        return
    for logical_id, properties in subject.resources("AWS::SageMaker::EndpointConfig"):
        types = {text(mapping(each).get("InstanceType")) for each in items(properties.get("ProductionVariants"))}
        plain = sorted(each for each in types if own_disks(each) is False)
        if plain and "KmsKeyId" not in properties:
            yield Complaint(
                f"volumes of {', '.join(plain)} without a key of yours, in production", f"{logical_id}/KmsKeyId"
            )


def _kept_for_ever(subject: Subject) -> Iterable[Complaint]:
    logs = {text(log.get("LogGroupName")): log for _, log in subject.resources("AWS::Logs::LogGroup")}
    for endpoint, name in _endpoints(subject):
        log = logs.get(f"{_LOGS}{name}")
        if log is None or "RetentionInDays" not in log:
            yield Complaint("the container's log is kept for ever, in production", f"{endpoint}/log_retention_days")


def _endpoints(subject: Subject) -> Iterator[tuple[str, str]]:
    """Logical id and name of every endpoint that production has; what is parked serves nobody."""
    if subject.policy.production and not parked(subject.template):
        for logical_id, properties in subject.resources("AWS::SageMaker::Endpoint"):
            yield logical_id, text(properties.get("EndpointName"))


def _of_failures(alarm: Mapping[str, object]) -> bool:
    """Does it hear of what callers feel? A full disk may harm nobody, and errors come without one."""
    return text(alarm.get("MetricName")) in _FELT


def _about(alarm: Mapping[str, object], name: str) -> bool:
    dimensions = [mapping(each) for each in items(alarm.get("Dimensions"))]
    return any((each.get("Name"), text(each.get("Value"))) == ("EndpointName", name) for each in dimensions)


_PRODUCTION = "# policies/levels.yaml\nproduction: [dev]\n# environments/dev.yaml\n"
_KEY = "kms_key_arn: arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000\n"


def _selected(environment: str, model: str) -> str:
    return f"""\
{_PRODUCTION}{environment}selected_models:
  performance_model:
    selector: ESMC-300M
{model}"""


WATCHED_RULES = (
    Rule(
        id="ESM033",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="An endpoint in production has alarms, and somebody is told",
        why="Without them an endpoint that fails is found by those who need it, one after the other.",
        advice="write alarms: true, and alarm_topic with e-mail addresses or alarm_topic_arn of your own",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html",
        check=_nobody_told,
        good=_selected("alarm_topic: {emails: [oncall@example.com]}\n", "    alarms: true\n"),
        bad=_selected("", "    alarms: true\n"),
        of_root=True,
    ),
    Rule(
        id="ESM034",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="Volumes in production are encrypted with a key of one's own, where they can be",
        why=(
            "Sequences that are worked on lie on these volumes. A key of one's own says who may read them, tells who "
            "did, and can be taken away. Disks that an instance brings along are encrypted by their hardware alone."
        ),
        advice="write kms_key_arn with the ARN of your key, in place of false where that is written",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html",
        check=_no_key,
        good=_selected(_KEY, "    instance_type: ml.c6i.4xlarge\n"),
        bad=_selected("", "    instance_type: ml.c6i.4xlarge\n"),
        of_root=True,
    ),
    Rule(
        id="ESM035",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="The log of an endpoint in production is kept for as long as somebody decided",
        why=(
            "SageMaker keeps it for ever: what a container wrote about your sequences stays, and so does its bill. An "
            "audit asks for a number of days."
        ),
        advice="write log_retention_days with a number of days, in place of false where that is written",
        source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
        check=_kept_for_ever,
        good=_selected("log_retention_days: 90\n", ""),
        bad=_selected("", ""),
        of_root=True,
    ),
)
