"""The pieces of an IAM policy, and the environment that its resources are narrowed to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from msgspec import Struct

from esmcfn import naming
from esmcfn.domain.stack import ENVIRONMENT_TAG, BaseStack, ExecutionRole, Selection, ServiceAccount

HOSTED = ("endpoint", "endpoint-config", "model")
"""Kinds of SageMaker's resources that an environment consists of."""

Policy = dict[str, object]
"""An IAM policy document."""

Condition = Mapping[str, Mapping[str, object]]


class Scope(Struct, frozen=True, kw_only=True):
    """One environment, as far as IAM can tell it from others.

    Attributes:
        stacks: name of the base stack; a model's begins with it and a hyphen.
        execution_role_arn: what the models run as.
        execution_role: None where the environment brings its own, so that nothing of ours makes one.
        service_account: None where there is none.
        service_role_arn: the role that CloudFormation works with; empty where it works as whoever calls it.
        artifact_bucket: where large templates go; empty where there is none.
        scaled: some endpoint is scaled automatically.
        alarmed: some endpoint has alarms.
        logged: some endpoint's log is its stack's.
        keys: ARNs of KMS keys for volumes of instances.
        alarm_topic: name of the base stack's topic; empty where it has none.
        budget: AWS watches a budget of it.
    """

    partition: str
    account: str
    region: str
    environment: str
    stacks: str
    execution_role_arn: str
    execution_role: ExecutionRole | None = None
    service_account: ServiceAccount | None = None
    service_role_arn: str = ""
    artifact_bucket: str = ""
    scaled: bool = False
    alarmed: bool = False
    logged: bool = False
    keys: tuple[str, ...] = ()
    alarm_topic: str = ""
    budget: bool = False

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account; IAM and Budgets know no region, and S3 neither region nor account."""
        region = "" if service in {"iam", "budgets", "billing"} else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"


class Grant(Struct, frozen=True, kw_only=True):
    """One action, where, and under which condition.

    Attributes:
        condition: of IAM, as canonical JSON; empty for none.
    """

    action: str
    resources: tuple[str, ...]
    condition: str = ""


def grant(action: str, *resources: str, condition: Condition | None = None) -> Grant:
    return Grant(
        action=action,
        resources=tuple(sorted(set(resources))),
        condition=json.dumps(condition, sort_keys=True) if condition else "",
    )


def made_ours(scope: Scope) -> Condition:
    """What is made carries the environment's tag."""
    return {"StringEquals": _requested(scope)}


def ours(scope: Scope) -> Condition:
    """What is there carries the environment's tag."""
    return {"StringEquals": _carried(scope)}


def nobody_elses(scope: Scope) -> Condition:
    """What is there carries no other environment's tag, and is given none.

    For actions that make as well as change, or come so soon after making that IAM may not have heard of the tags. What
    does not exist has none, hence the "if it exists"; and where a service does not tell IAM the tags of what is there,
    nothing is narrowed rather than everything refused.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    return {"StringEqualsIfExists": {**_requested(scope), **_carried(scope)}}


def nobody_elses_now(scope: Scope) -> Condition:
    """What is there carries no other environment's tag; for actions that give none."""
    return {"StringEqualsIfExists": _carried(scope)}


def _requested(scope: Scope) -> Mapping[str, str]:
    return {f"aws:RequestTag/{ENVIRONMENT_TAG}": scope.environment}


def _carried(scope: Scope) -> Mapping[str, str]:
    return {f"aws:ResourceTag/{ENVIRONMENT_TAG}": scope.environment}


def document(grants: Iterable[Grant]) -> Policy:
    """A policy that says each thing once: what shares resources and condition is one statement."""
    together: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for each in grants:
        together.setdefault((each.resources, each.condition), set()).add(each.action)
    statements = [
        {
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": list(resources) if len(resources) > 1 else resources[0],
            **({"Condition": json.loads(condition)} if condition else {}),
        }
        for (resources, condition), actions in together.items()
    ]
    return {"Version": "2012-10-17", "Statement": sorted(statements, key=lambda each: json.dumps(each, sort_keys=True))}


def scope_of(selection: Selection) -> Scope:
    """The environment's own scope."""
    environment, target = selection.environment, selection.target
    base: BaseStack | None = selection.base
    role = base.execution_role if base else None
    iam = f"arn:{target.partition}:iam::{target.account}"
    made = f"{iam}:role{role.path}{role.name}" if role else ""
    return Scope(
        partition=target.partition,
        account=target.account,
        region=target.region,
        environment=environment.name,
        stacks=naming.stack_name(environment.iam_role_name_prefix, environment.name),
        execution_role_arn=environment.execution_role_arn or made,
        execution_role=role,
        service_account=base.service_account if base else None,
        service_role_arn=environment.service_role_arn,
        artifact_bucket=environment.artifact_bucket,
        scaled=any(stack.autoscaling for stack in selection.models),
        alarmed=any(stack.alarms and stack.alarms.any for stack in selection.models),
        logged=any(stack.log_retention_days for stack in selection.models),
        keys=tuple(sorted({stack.kms_key_arn for stack in selection.models} - {""})),
        alarm_topic=base.alarm_topic.name if base and base.alarm_topic else "",
        budget=bool(base and base.budget),
    )
