"""Findings of every engine and level, one of them hostile, and the report of a check on them."""

from __future__ import annotations

from builders import a_waiver
from msgspec.structs import replace

from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.plan import Verdict
from esmcfn.domain.report import Checked, Report

TOO_MANY = Finding(
    rule="ESM001",
    engine=Engine.HOUSE,
    severity=Severity.ERROR,
    level=Level.HARD,
    message="500 instances, and the limit is 8 (max_instance_count)",
    why="GPU instances cost hundreds of dollars a month each.",
    advice="write a smaller instance_count",
    origin=Origin("environments/dev.yaml", 17, 5),
    excerpt="    instance_count: 500",
    stack="esm-dev-prototype-model",
    model="prototype_model",
    logical_id="EndpointConfig",
    resource_type="AWS::SageMaker::EndpointConfig",
    path="EndpointConfig/ProductionVariants/0/InitialInstanceCount",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-deploy-models.html",
    fingerprint="a98d560866a071f78b65bd0285a80993",
)


NO_KEY = replace(
    TOO_MANY,
    rule="CKV_AWS_149",
    engine=Engine.CHECKOV,
    severity=Severity.WARNING,
    level=Level.SOFT,
    message="Ensure that Secrets Manager secret is encrypted using KMS CMK",
    why="",
    advice="",
    origin=Origin("environments/dev.yaml", 11),
    excerpt="enable_shared_service_account: true",
    waiver=a_waiver(),
    fingerprint="27e9dd610c28a128eedfc396e6c9d575",
)


NASTY = replace(
    TOO_MANY,
    rule="W1001",
    engine=Engine.CFN_LINT,
    severity=Severity.WARNING,
    level=Level.ADVISORY,
    message="100% <b>wrong</b>,\n::error::forged \x1b[31m& \u202ered]]>",
    why="",
    advice="",
    origin=Origin("environments/a b%,:.yaml", 3, 1),
    excerpt='"a, b": \x1b[31mred',
    stack="",
    fingerprint="0" * 32,
)


SILENT = replace(
    TOO_MANY,
    rule="ESMCFN-CHECKOV",
    engine=Engine.CHECKOV,
    message="checkov judged nothing: it is not installed",
    why="",
    advice="",
    origin=None,
    excerpt="",
    stack="",
    model=None,
    source="",
    fingerprint="1" * 32,
)


EVERY = (SILENT, TOO_MANY, NO_KEY, NASTY)


def a_report(*findings: Finding, environment: str = "dev") -> Report:
    body = Checked(
        environment=environment,
        findings=findings,
        engines={"checkov": "3.3.30", "cfn-lint": "1.58.0", "house": "0.0.0"},
        verdict=Verdict(blocked=any(finding.blocks for finding in findings)),
    )
    return Report(verb="check", environment=environment, body=body)
