"""select: every default filled."""

from __future__ import annotations

from decimal import Decimal

import pytest
from builders import (
    PACKAGE,
    a_catalog,
    a_catalog_entry,
    a_container,
    a_project,
    a_selected_model,
    an_environment,
)

from esmcfn.domain.project import ExecutionRoleSettings
from esmcfn.domain.stack import ExecutionRole, Variant
from esmcfn.errors import UsageError
from esmcfn.selection import select


def test_every_field_of_a_model_stack_is_filled() -> None:
    selection = select(a_project(environment=an_environment(a_selected_model(instance_type="ml.g5.4xlarge"))))

    (stack,) = selection.models
    assert stack.name == "esm-dev-prototype-model"
    assert stack.variant == Variant(instance_type="ml.g5.4xlarge", instance_count=1)
    assert stack.package == PACKAGE
    assert stack.model_base_name == "Model-ESMC-300M-1"
    assert stack.config_base_name == "EndpointConfig-Endpoint-ESMC-300M-1"
    assert stack.endpoint_name.startswith("Endpoint-ESMC-300M-1-")
    assert stack.execution_role_arn == "arn:aws:iam::123456789012:role/esm-sagemaker-exec-dev"
    assert stack.execution_role_path == "/esm-sagemaker-exec-dev"
    assert stack.tags == {
        "Project": "esm-partner",
        "esmcfn:environment": "dev",
        "esmcfn:model": "prototype_model",
    }
    assert stack.network_isolation


def test_the_catalog_fills_what_the_environment_leaves_open() -> None:
    entry = a_catalog_entry(instance_count=3, software_usd_per_hour=Decimal("1.1"))
    models = (a_selected_model("a"), a_selected_model("b", instance_count=2, parked=True))

    a, b = select(a_project(environment=an_environment(*models), catalog=a_catalog(entry))).models

    assert (a.variant.instance_type, a.variant.instance_count, a.parked) == ("ml.g5.2xlarge", 3, False)
    assert (b.variant.instance_count, b.parked) == (2, True)
    assert a.software_usd_per_hour == Decimal("1.1")


def test_the_base_stack_holds_the_role_that_the_models_run_as() -> None:
    own = a_catalog_entry(selector="own", packages={}, container=a_container())
    environment = an_environment(
        a_selected_model("a"),
        a_selected_model("b", selector="own"),
        a_selected_model("c", selector="own"),
        execution_role=ExecutionRoleSettings(managed_policies=("X",), path="/esm/"),
    )

    selection = select(a_project(environment=environment, catalog=a_catalog(a_catalog_entry(), own)))

    assert selection.base is not None
    assert selection.base.name == "esm-dev"
    assert selection.base.tags == {"Project": "esm-partner", "esmcfn:environment": "dev"}
    assert selection.base.execution_role == ExecutionRole(
        name="esm-sagemaker-exec-dev",
        path="/esm/",
        managed_policies=("X",),
        images=(a_container().image,),
        model_data=("s3://models-of-ours/esm/model.tar.gz",),
    )
    assert selection.models[0].execution_role_path == "/esm/esm-sagemaker-exec-dev"
    assert selection.models[0].execution_role_arn.endswith(":role/esm/esm-sagemaker-exec-dev")


def test_a_role_of_one_s_own_leaves_nothing_to_share() -> None:
    arn = "arn:aws:iam::123456789012:role/ours"

    selection = select(a_project(environment=an_environment(execution_role_arn=arn)))

    assert selection.base is None
    assert selection.stacks == selection.models
    assert (selection.models[0].execution_role_arn, selection.models[0].execution_role_path) == (arn, "")


def test_the_shared_service_account_may_call_every_endpoint_whichever_models_were_asked_for() -> None:
    environment = an_environment(
        a_selected_model("a"),
        a_selected_model("b", parked=True),
        enable_shared_service_account=True,
        execution_role_arn="arn:aws:iam::123456789012:role/ours",
    )

    whole = select(a_project(environment=environment))
    narrowed = select(a_project(environment=environment), only=frozenset({"b"}))

    assert whole.base is not None
    assert whole.base.execution_role is None
    assert whole.base.service_account is not None
    assert whole.base.service_account.user_name == "esm-shared-invoke-dev"
    assert whole.base.service_account.endpoint_names == tuple(stack.endpoint_name for stack in whole.models)
    assert narrowed.base == whole.base


def test_narrowing_keeps_the_models_asked_for() -> None:
    environment = an_environment(*(a_selected_model(key) for key in "abc"))

    selection = select(a_project(environment=environment), only=frozenset({"c", "a"}))

    assert [stack.model for stack in selection.models] == ["a", "c"]
    assert selection.narrowed == {"a", "c"}


@pytest.mark.parametrize(
    ("key", "next_step"),
    [("prototype", "did you mean prototype_model?"), ("x", "environments/dev.yaml selects prototype_model")],
)
def test_narrowing_to_a_model_that_is_not_selected_is_a_slip_of_the_command_line(key: str, next_step: str) -> None:
    with pytest.raises(UsageError) as raised:
        select(a_project(), only=frozenset({key}))

    assert str(raised.value) == f"dev has no selected model {key}"
    assert raised.value.next_step == next_step


def test_an_environment_may_select_nothing() -> None:
    selection = select(a_project(environment=an_environment(selected_models=())))

    assert selection.models == ()
    assert selection.base is not None
