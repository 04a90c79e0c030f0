"""environments/*.yaml -> Environment, and what its neighbours must be known by."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from esmcfn.domain.budget import BudgetNotice
from esmcfn.domain.project import Environment, ExecutionRoleSettings, Neighbour, SelectedModel
from esmcfn.errors import Problem, shown
from esmcfn.inputs import schema
from esmcfn.inputs.document import Document
from esmcfn.inputs.hosting import alarms, autoscaling, days, key_arn
from esmcfn.inputs.judge import fitting
from esmcfn.inputs.scalar import Plain
from esmcfn.inputs.values import Values, origins

_PREFIX = "esm"
"""What the Terraform module's variable iam_role_name_prefix defaults to."""


def environment(document: Document, name: str, problems: list[Problem]) -> tuple[Environment, str]:
    """The environment as far as it could be read, and the catalog's path as it is written there."""
    problems.extend(document.problems)
    values = Values(fitting(document, schema.ENVIRONMENT, problems))
    written = values.text("environment")
    if written and written != name:
        message = f"environment: {shown(written)} is not the file's name, {shown(name)}"
        problems.append(document.problem(("environment",), message, f"write {shown(name)}, or rename the file"))
    return (
        Environment(
            name=name,
            path=document.path,
            account=values.text("account"),
            region=values.text("region"),
            iam_role_name_prefix=values.text("iam_role_name_prefix", _PREFIX),
            tags=values.text_mapping("tags"),
            enable_shared_service_account=values.truth("enable_shared_service_account") or False,
            shared_service_account_name=values.text("shared_service_account_name"),
            selected_models=_selected_models(document, values.mapping("selected_models")),
            profile=values.text("profile"),
            role_arn=values.text("role_arn"),
            execution_role_arn=values.text("execution_role_arn"),
            service_role_arn=values.text("service_role_arn"),
            artifact_bucket=values.text("artifact_bucket"),
            execution_role=_execution_role(Values.of(values.get("execution_role"))),
            budget_usd_per_month=_budget(values),
            budget_soft=Values.of(values.get("budget")).text("level") == "soft",
            budget_notice=_notice(Values.of(values.get("budget"))),
            termination_protection=values.truth("termination_protection"),
            alarm_emails=Values.of(values.get("alarm_topic")).texts("emails") if "alarm_topic" in values else None,
            alarm_topic_arn=values.text("alarm_topic_arn"),
            kms_key_arn=values.text("kms_key_arn"),
            log_retention_days=values.whole("log_retention_days"),
            log_kms_key_arn=values.text("log_kms_key_arn"),
            origins=origins(document, ()),
        ),
        values.text("catalog"),
    )


def neighbour(document: Document, name: str, *, account: str) -> Neighbour | None:
    """Another environment of the same account, None where it is of another or cannot be read.

    Its own problems are for whoever plans it.
    """
    values = Values(document.top or {})
    if not account or values.text("account") != account:
        return None
    models = values.mapping("selected_models")
    return Neighbour(
        name=name,
        path=document.path,
        account=account,
        region=values.text("region"),
        iam_role_name_prefix=values.text("iam_role_name_prefix") or _PREFIX,
        keys=tuple(Values.of(found).text("moved_from") or key for key, found in models.items()),
        enable_shared_service_account=values.truth("enable_shared_service_account") or False,
        shared_service_account_name=values.text("shared_service_account_name"),
    )


def _selected_models(document: Document, models: Mapping[str, Plain]) -> tuple[SelectedModel, ...]:
    return tuple(
        SelectedModel(
            key=key,
            selector=values.text("selector"),
            instance_type=values.text("instance_type") or None,
            instance_count=values.whole("instance_count"),
            autoscaling=autoscaling(values),
            alarms=alarms(values),
            kms_key_arn=key_arn(values, "kms_key_arn"),
            log_retention_days=days(values, "log_retention_days"),
            parked=values.truth("parked") or False,
            moved_from=values.text("moved_from"),
            origins=origins(document, ("selected_models", key)),
        )
        for key, values in ((key, Values.of(found)) for key, found in models.items())
        if "selector" in values
    )


def _execution_role(values: Values) -> ExecutionRoleSettings:
    return ExecutionRoleSettings(
        managed_policies=values.texts("managed_policies"),
        permissions_boundary=values.text("permissions_boundary"),
        path=values.text("path", "/"),
    )


def _budget(values: Values) -> Decimal | None:
    inner = Values.of(values.get("budget"))
    return inner.decimal("usd_per_month") if inner.fields else values.decimal("budget")


def _notice(budget: Values) -> BudgetNotice | None:
    """Whom AWS tells, and at how much percent; None where nobody is to be told."""
    if "notify" not in budget:
        return None
    at, usual = Values.of(budget.get("notify_at")), BudgetNotice(emails=())
    return BudgetNotice(
        emails=budget.texts("notify"),
        actual=at.wholes("actual") if "actual" in at else usual.actual,
        forecast=at.wholes("forecast") if "forecast" in at else usual.forecast,
    )
