"""Nouns that are valid by default; a test overrides only what it is about.

a_stack(variant=a_variant(instance_count=2)), a_project(models=[a_selected_model(parked=True)])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from esmcfn import naming
from esmcfn.domain.origin import Origin, Origins
from esmcfn.domain.project import (
    Catalog,
    CatalogEntry,
    Container,
    Environment,
    Neighbour,
    Policy,
    Project,
    SelectedModel,
)
from esmcfn.domain.stack import (
    BaseStack,
    ExecutionRole,
    ModelStack,
    Selection,
    ServiceAccount,
    Target,
    Variant,
)
from esmcfn.domain.waiver import Waiver

CATALOG = "catalogs/esm.yaml"
ENVIRONMENT = "environments/dev.yaml"
PACKAGE = "arn:aws:sagemaker:us-east-2:057799348421:model-package/esmc-300m-2024-12-6ad677e3dc243fb1b56e5787b7f93b53"

CATALOG_TEXT = f"""\
models:
  ESMC-300M:
    sagemaker_model_name: "Model-ESMC-300M-1"
    forge_model_name: esmc-300m-2024-12
    endpoint_name: "Endpoint-ESMC-300M-1"
    model_package: "{PACKAGE}"
    instance_type: "ml.g5.2xlarge"
    instance_count: 1
"""

ENVIRONMENT_TEXT = """\
environment: dev
account: sandbox
region: us-east-2
catalog: ../catalogs/esm.yaml
iam_role_name_prefix: esm
tags:
  Project: esm-partner
enable_shared_service_account: false
shared_service_account_name: ""
selected_models:
  prototype_model:
    selector: ESMC-300M
    instance_type: ml.g5.2xlarge
"""

ENTRY_LINES = (
    "sagemaker_model_name",
    "forge_model_name",
    "endpoint_name",
    "model_package",
    "instance_type",
    "instance_count",
)
ENVIRONMENT_LINES = (
    "environment",
    "account",
    "region",
    "catalog",
    "iam_role_name_prefix",
    "tags",
    "enable_shared_service_account",
    "shared_service_account_name",
    "selected_models",
)


def a_root(
    folder: Path,
    *,
    environment: str = ENVIRONMENT_TEXT,
    catalog: str = CATALOG_TEXT,
    files: Mapping[str, str] | None = None,
) -> Path:
    """A folder with environments/dev.yaml and catalogs/esm.yaml, and whatever else a test brings."""
    for path, text in {ENVIRONMENT: environment, CATALOG: catalog, **(files or {})}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def some_origins(path: str, line: int, keys: Iterable[str] = (), *, column: int = 1) -> Origins:
    """A mapping at a line whose keys stand on the lines below it, indented by two."""
    at = Origin(path, line, column)
    places = {key: Origin(path, line + number, column + 2) for number, key in enumerate(keys, start=1)}
    return Origins(at=at, keys=places)


def a_catalog_entry(**changes: Any) -> CatalogEntry:
    """ESMC-300M as in catalogs/esm.yaml."""
    entry = CatalogEntry(
        selector="ESMC-300M",
        sagemaker_model_name="Model-ESMC-300M-1",
        forge_model_name="esmc-300m-2024-12",
        endpoint_name="Endpoint-ESMC-300M-1",
        packages={"us-east-2": PACKAGE},
        container=None,
        instance_type="ml.g5.2xlarge",
        instance_count=1,
        supported_instance_types=("ml.g5.2xlarge", "ml.g5.4xlarge"),
        origins=some_origins(CATALOG, 2, ENTRY_LINES, column=3),
    )
    return replace(entry, **changes)


def a_container(**changes: Any) -> Container:
    """An image in the sandbox's own registry."""
    container = Container(
        image="123456789012.dkr.ecr.us-east-2.amazonaws.com/esm@sha256:" + "0" * 64,
        model_data="s3://models-of-ours/esm/model.tar.gz",
        environment={"LOG_LEVEL": "info"},
    )
    return replace(container, **changes)


def a_catalog(*entries: CatalogEntry, unreadable: frozenset[str] = frozenset()) -> Catalog:
    """A catalog with these entries; ESMC-300M alone where none is given."""
    offered = entries or (a_catalog_entry(),)
    return Catalog(path=CATALOG, entries={entry.selector: entry for entry in offered}, unreadable=unreadable)


def a_selected_model(key: str = "prototype_model", *, line: int = 9, **changes: Any) -> SelectedModel:
    """ESMC-300M under a key of its own, on the catalog's instance type."""
    model = SelectedModel(
        key=key,
        selector="ESMC-300M",
        origins=some_origins(ENVIRONMENT, line, ("selector", "instance_type"), column=3),
    )
    return replace(model, **changes)


def an_environment(*models: SelectedModel, **changes: Any) -> Environment:
    """dev in the sandbox; one selected model where none is given (`selected_models=()` for none at all)."""
    environment = Environment(
        name="dev",
        path=ENVIRONMENT,
        account="sandbox",
        region="us-east-2",
        tags={"Project": "esm-partner"},
        selected_models=models or (a_selected_model(),),
        origins=Origins(
            at=Origin(ENVIRONMENT, 1),
            keys={key: Origin(ENVIRONMENT, line) for line, key in enumerate(ENVIRONMENT_LINES, start=1)},
        ),
    )
    return replace(environment, **changes)


def a_neighbour(**changes: Any) -> Neighbour:
    """staging, in an account of its own."""
    neighbour = Neighbour(
        name="staging",
        path="environments/staging.yaml",
        account="111122223333",
        region="us-east-2",
        iam_role_name_prefix="esm",
        keys=("prototype_model",),
    )
    return replace(neighbour, **changes)


def a_project(
    *,
    environment: Environment | None = None,
    catalog: Catalog | None = None,
    neighbours: tuple[Neighbour, ...] = (),
    policy: Policy | None = None,
) -> Project:
    """dev with one selected model, no neighbours and no policy of its own."""
    return Project(
        catalog=catalog or a_catalog(),
        environment=environment or an_environment(),
        neighbours=neighbours,
        environment_names=("dev", *(neighbour.name for neighbour in neighbours)),
        policy=policy or Policy(),
    )


def a_target(**changes: Any) -> Target:
    """The sandbox in us-east-2."""
    target = Target(account="123456789012", region="us-east-2", partition="aws", url_suffix="amazonaws.com")
    return replace(target, **changes)


def a_variant(**changes: Any) -> Variant:
    """One ml.g5.2xlarge."""
    return replace(Variant(instance_type="ml.g5.2xlarge", instance_count=1), **changes)


def a_stack(model: str = "prototype_model", **changes: Any) -> ModelStack:
    """A model stack of dev, as select makes it of a_project(); names follow from the key."""
    name = naming.stack_name("esm", "dev", model)
    stack = ModelStack(
        name=name,
        environment="dev",
        target=a_target(),
        tags={"Project": "esm-partner", "esmcfn:environment": "dev", "esmcfn:model": model},
        model=model,
        selector="ESMC-300M",
        forge_model_name="esmc-300m-2024-12",
        model_base_name="Model-ESMC-300M-1",
        config_base_name="EndpointConfig-Endpoint-ESMC-300M-1",
        endpoint_name=naming.endpoint_name(
            "Endpoint-ESMC-300M-1", account="123456789012", region="us-east-2", stack=name
        ),
        execution_role_arn="arn:aws:iam::123456789012:role/esm-sagemaker-exec-dev",
        execution_role_path="/esm-sagemaker-exec-dev",
        package=PACKAGE,
        container=None,
        variant=a_variant(),
        supported_instance_types=("ml.g5.2xlarge", "ml.g5.4xlarge"),
        origins=a_selected_model(model).origins,
        catalog_origins=a_catalog_entry().origins,
    )
    return replace(stack, **changes)


def a_base_stack(**changes: Any) -> BaseStack:
    """The base stack of dev: the execution role, no service account."""
    stack = BaseStack(
        name="esm-dev",
        environment="dev",
        target=a_target(),
        tags={"Project": "esm-partner", "esmcfn:environment": "dev"},
        execution_role=ExecutionRole(name="esm-sagemaker-exec-dev"),
        service_account=None,
        origins=an_environment().origins,
    )
    return replace(stack, **changes)


def a_service_account(*stacks: ModelStack, **changes: Any) -> ServiceAccount:
    """The shared user of dev, who may call the endpoints of these stacks."""
    account = ServiceAccount(
        user_name="esm-shared-invoke-dev",
        policy_name="esm-shared-invoke-policy-dev-esm-shared-invoke-dev",
        endpoint_names=tuple(stack.endpoint_name for stack in stacks or (a_stack(),)),
    )
    return replace(account, **changes)


def a_selection(*models: ModelStack, **changes: Any) -> Selection:
    """dev with its base stack and these model stacks; one where none is given."""
    stacks = models or (a_stack(),)
    selection = Selection(
        environment=an_environment(*(a_selected_model(stack.model) for stack in stacks)),
        target=a_target(),
        base=a_base_stack(),
        models=stacks,
    )
    return replace(selection, **changes)


def a_waiver(**changes: Any) -> Waiver:
    """The secret's key in dev, from 1 November 2026 to 1 March 2027."""
    waiver = Waiver(
        rule="CKV_AWS_149",
        environment="dev",
        resource="InvokeSecret",
        reason="the AWS managed key will do until the account has one of its own",
        owner="platform",
        approver="security@example.com",
        ticket="SEC-142",
        created=date(2026, 11, 1),
        expires=date(2027, 3, 1),
        origin=Origin("policies/waivers.yaml", 2),
    )
    return replace(waiver, **changes)
