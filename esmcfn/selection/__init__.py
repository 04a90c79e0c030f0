"""Catalog x Environment -> Selection: every default filled, and nothing that cannot exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from esmcfn import naming
from esmcfn.domain.budget import MonthlyBudget
from esmcfn.domain.hosting import AlarmTopic
from esmcfn.domain.project import CatalogEntry, Environment, Project, SelectedModel
from esmcfn.domain.stack import (
    ENVIRONMENT_TAG,
    MODEL_TAG,
    BaseStack,
    ExecutionRole,
    ModelStack,
    Selection,
    ServiceAccount,
    Target,
    Variant,
)
from esmcfn.errors import LONGEST, InputError, Problem, UsageError, did_you_mean, shown
from esmcfn.reference import partitions
from esmcfn.reference.storage import own_disks
from esmcfn.selection.judgement import contradictions


def select(project: Project, *, only: frozenset[str] = frozenset(), problems: tuple[Problem, ...] = ()) -> Selection:
    """Fill every field.

    Args:
        only: keys of selected models to narrow to; none means all.
        problems: what is already known to be wrong, reported together with what is found here.

    Raises:
        InputError: something is wrong with catalog or environment; carries all of it.
        UsageError: `only` names a model that is not selected.
    """
    known = {(problem.file, problem.line, problem.column) for problem in problems}
    # What is wrong by itself speaks first: a field that could not be read is no reason for a second problem.
    found = (
        problem for problem in contradictions(project) if (problem.file, problem.line, problem.column) not in known
    )
    if wrong := (*problems, *found):
        raise InputError(wrong)
    environment = project.environment
    _refuse_unknown(only, environment)
    target = _target(environment)
    stacks = tuple(
        _model_stack(environment, model, project.catalog.entries[model.selector], target)
        for model in environment.selected_models
    )
    return Selection(
        environment=environment,
        target=target,
        base=_base_stack(environment, stacks, target),
        models=tuple(stack for stack in stacks if not only or stack.model in only),
        narrowed=only,
        beside=tuple(stack for stack in stacks if only and stack.model not in only),
    )


def _refuse_unknown(only: frozenset[str], environment: Environment) -> None:
    keys = [model.key for model in environment.selected_models]
    now_called = {model.moved_from: f"it is called {shown(model.key)} now" for model in environment.selected_models}
    for key in sorted(only.difference(keys)):
        near = (
            now_called.get(key)
            or did_you_mean(key[:LONGEST], keys)
            or f"{environment.path} selects {', '.join(keys) or 'none'}"
        )
        raise UsageError(f"{environment.name} has no selected model {shown(key)}", next_step=near)


def _target(environment: Environment) -> Target:
    partition = partitions.partition(environment.region)
    return Target(
        account=environment.account_id,
        region=environment.region,
        partition=partition.name,
        url_suffix=partition.url_suffix,
        service_role_arn=environment.service_role_arn,
        artifact_bucket=environment.artifact_bucket,
    )


def _model_stack(environment: Environment, model: SelectedModel, entry: CatalogEntry, target: Target) -> ModelStack:
    name = naming.stack_name(environment.iam_role_name_prefix, environment.name, model.named_by)
    role_path = "" if environment.execution_role_arn else _role_path(environment)
    made = f"arn:{target.partition}:iam::{target.account}:role{role_path}"
    return ModelStack(
        name=name,
        environment=environment.name,
        target=target,
        tags={**_tags(environment), MODEL_TAG: model.key},
        model=model.key,
        selector=model.selector,
        forge_model_name=entry.forge_model_name,
        model_base_name=entry.sagemaker_model_name,
        config_base_name=naming.config_base_name(entry.endpoint_name),
        endpoint_name=naming.endpoint_name(
            entry.endpoint_name, account=target.account, region=target.region, stack=name
        ),
        execution_role_arn=environment.execution_role_arn or made,
        execution_role_path=role_path,
        package="" if entry.container else entry.packages[target.region],
        container=entry.container,
        variant=Variant(
            instance_type=model.instance_type or entry.instance_type,
            instance_count=model.instance_count or entry.instance_count,
        ),
        alarms=(entry.alarms if model.alarms is None else model.alarms) or None,
        alarm_topic_name="" if environment.alarm_emails is None else _topic_name(environment),
        alarm_topic_arn=environment.alarm_topic_arn,
        kms_key_arn=_key(environment, model, entry),
        log_retention_days=_chosen(model.log_retention_days, environment.log_retention_days),
        log_kms_key_arn=environment.log_kms_key_arn,
        autoscaling=(entry.autoscaling if model.autoscaling is None else model.autoscaling) or None,
        parked=model.parked,
        software_usd_per_hour=entry.software_usd_per_hour,
        supported_instance_types=entry.supported_instance_types,
        origins=model.origins,
        catalog_origins=entry.origins,
        environment_origins=environment.origins,
    )


def _chosen(own: int | Literal[False] | None, usual: int | None) -> int | None:
    return (usual if own is None else own) or None


def _key(environment: Environment, model: SelectedModel, entry: CatalogEntry) -> str:
    """The model's own key; the environment's where there is something to encrypt with it."""
    if model.kms_key_arn is not None:
        return model.kms_key_arn or ""
    return "" if own_disks(model.instance_type or entry.instance_type) else environment.kms_key_arn


def _base_stack(environment: Environment, stacks: tuple[ModelStack, ...], target: Target) -> BaseStack | None:
    """What the models share, whichever of them were asked for; None where nothing is shared."""
    role = None if environment.execution_role_arn else _execution_role(environment, stacks)
    account = _service_account(environment, stacks) if environment.enable_shared_service_account else None
    topic, budget = _alarm_topic(environment), _budget(environment)
    if role is None and account is None and topic is None and budget is None:
        return None
    return BaseStack(
        name=naming.stack_name(environment.iam_role_name_prefix, environment.name),
        environment=environment.name,
        target=target,
        tags=_tags(environment),
        execution_role=role,
        service_account=account,
        alarm_topic=topic,
        budget=budget,
        origins=environment.origins,
    )


def _budget(environment: Environment) -> MonthlyBudget | None:
    amount, notice = environment.budget_usd_per_month, environment.budget_notice
    return MonthlyBudget(usd_per_month=amount, notice=notice) if amount is not None and notice else None


def _alarm_topic(environment: Environment) -> AlarmTopic | None:
    if environment.alarm_emails is None:
        return None
    return AlarmTopic(name=_topic_name(environment), emails=environment.alarm_emails)


def _topic_name(environment: Environment) -> str:
    return naming.topic_name(environment.iam_role_name_prefix, environment.name)


def _execution_role(environment: Environment, stacks: tuple[ModelStack, ...]) -> ExecutionRole:
    containers = [stack.container for stack in stacks if stack.container]
    settings = environment.execution_role
    return ExecutionRole(
        name=naming.role_name(environment.iam_role_name_prefix, environment.name),
        path=settings.path,
        managed_policies=settings.managed_policies,
        permissions_boundary=settings.permissions_boundary,
        images=tuple(sorted({container.image for container in containers})),
        model_data=tuple(sorted({container.model_data for container in containers} - {""})),
        keys=tuple(sorted({stack.kms_key_arn for stack in stacks} - {""})),
    )


def _service_account(environment: Environment, stacks: tuple[ModelStack, ...]) -> ServiceAccount:
    prefix, name = environment.iam_role_name_prefix, environment.name
    user = naming.user_name(prefix, name, environment.shared_service_account_name)
    return ServiceAccount(
        user_name=user,
        policy_name=naming.policy_name(prefix, name, user),
        endpoint_names=tuple(stack.endpoint_name for stack in stacks),
    )


def _role_path(environment: Environment) -> str:
    role = naming.role_name(environment.iam_role_name_prefix, environment.name)
    return f"{environment.execution_role.path}{role}"


def _tags(environment: Environment) -> Mapping[str, str]:
    return {**environment.tags, ENVIRONMENT_TAG: environment.name}
