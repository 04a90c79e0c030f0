"""What the YAML says: catalog, environment and policy, each value with the place where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from esmcfn.domain.budget import BudgetNotice
from esmcfn.domain.cost import PriceBook
from esmcfn.domain.finding import Level
from esmcfn.domain.hosting import Alarms, Autoscaling
from esmcfn.domain.origin import Origin, Origins
from esmcfn.domain.waiver import Waiver

SANDBOX = "sandbox"
"""The word that stands for an account id where the embedded AWS is meant."""

SANDBOX_ACCOUNT = "123456789012"
"""The account id of the embedded AWS, wherever an id is needed."""


class Container(Struct, frozen=True, kw_only=True):
    """A model container of one's own, in place of a Marketplace package.

    Attributes:
        image: the ECR image, at most 255 characters; best by digest.
        model_data: s3:// address of one .tar.gz, or empty.
        environment: environment variables of the container; never secrets.
    """

    image: str
    model_data: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


class CatalogEntry(Struct, frozen=True, kw_only=True):
    """One offered model; its key in the catalog is the selector.

    Attributes:
        packages: region to model package ARN; empty when `container` is given.
        instance_count: instances behind the endpoint, 1 or more.
        autoscaling: None where the instances stay as many.
        alarms: None where nobody is told anything.
        supported_instance_types: what may be selected; empty means that the catalog does not say.
        software_usd_per_hour: the seller's own charge per instance and hour, None when unknown.
        marketplace_product_id: AWS Marketplace's `prod-...`, or empty.
    """

    selector: str
    sagemaker_model_name: str
    forge_model_name: str
    endpoint_name: str
    packages: Mapping[str, str]
    container: Container | None
    instance_type: str
    instance_count: int
    autoscaling: Autoscaling | None = None
    alarms: Alarms | None = None
    supported_instance_types: tuple[str, ...] = ()
    software_usd_per_hour: Decimal | None = None
    marketplace_product_id: str = ""
    description: str = ""
    origins: Origins


class Catalog(Struct, frozen=True, kw_only=True):
    """The models that may be deployed.

    Attributes:
        path: relative to the root.
        entries: by selector, in the file's order.
        unreadable: selectors that exist but have problems of their own, so that nobody calls them unknown.
    """

    path: str
    entries: Mapping[str, CatalogEntry]
    unreadable: frozenset[str] = frozenset()


class SelectedModel(Struct, frozen=True, kw_only=True):
    """One entry of `selected_models`.

    Attributes:
        instance_type: override of the catalog's, None to keep it.
        instance_count: override of the catalog's, None to keep it.
        autoscaling, alarms: in place of the catalog's, False for none, None to keep it.
        kms_key_arn, log_retention_days: in place of the environment's, False for none, None to keep it.
        parked: the endpoint is left out on purpose; model and configuration stay.
        moved_from: the key that it was deployed under, and that its names go on being made of; empty for its own.
    """

    key: str
    selector: str
    instance_type: str | None = None
    instance_count: int | None = None
    autoscaling: Autoscaling | Literal[False] | None = None
    alarms: Alarms | Literal[False] | None = None
    kms_key_arn: str | Literal[False] | None = None
    log_retention_days: int | Literal[False] | None = None
    parked: bool = False
    moved_from: str = ""
    origins: Origins

    @property
    def named_by(self) -> str:
        """The key that stack and endpoint are named by: it survives a renaming, so the endpoint does."""
        return self.moved_from or self.key


class ExecutionRoleSettings(Struct, frozen=True, kw_only=True):
    """How the execution role is made.

    Attributes:
        managed_policies: ARNs or names of managed policies to attach; none by default (least privilege).
        permissions_boundary: ARN of a boundary, or empty.
        path: IAM path, begins and ends with a slash.
    """

    managed_policies: tuple[str, ...] = ()
    permissions_boundary: str = ""
    path: str = "/"


class Environment(Struct, frozen=True, kw_only=True):
    """An account, a region, tags, and the models selected there.

    Attributes:
        account: 12 digits, or "sandbox".
        execution_role_arn: a role of one's own; empty means that the base stack makes one.
        service_role_arn: the role that CloudFormation works with; empty means that it works as whoever deploys.
        artifact_bucket: bucket for templates that are too large to be sent along; empty means that there is none.
        budget_usd_per_month: what may be spent, None where nothing was said.
        budget_soft: more than that is said, and stops nothing.
        budget_notice: whom AWS tells about the bill, None where nobody asked for it.
        termination_protection: None where nothing was said.
        alarm_emails: who is told of alarms by a topic of the base stack; None where there is none.
        alarm_topic_arn: a topic of one's own that alarms go to, or empty.
        kms_key_arn: the key for volumes of instances that have no disks of their own, or empty.
        log_retention_days: days for which containers' logs are kept; None leaves them to SageMaker, for ever.
        log_kms_key_arn: the key for those logs, or empty.
        profile: AWS profile that reaches the account, or empty.
        role_arn: role to assume first, or empty.
    """

    name: str
    path: str
    account: str
    region: str
    iam_role_name_prefix: str = "esm"
    tags: Mapping[str, str] = field(default_factory=dict)
    enable_shared_service_account: bool = False
    shared_service_account_name: str = ""
    selected_models: tuple[SelectedModel, ...] = ()
    profile: str = ""
    role_arn: str = ""
    execution_role_arn: str = ""
    service_role_arn: str = ""
    artifact_bucket: str = ""
    execution_role: ExecutionRoleSettings = ExecutionRoleSettings()
    budget_usd_per_month: Decimal | None = None
    budget_soft: bool = False
    budget_notice: BudgetNotice | None = None
    termination_protection: bool | None = None
    alarm_emails: tuple[str, ...] | None = None
    alarm_topic_arn: str = ""
    kms_key_arn: str = ""
    log_retention_days: int | None = None
    log_kms_key_arn: str = ""
    origins: Origins

    @property
    def account_id(self) -> str:
        """The 12 digits, the sandbox's own where the sandbox is meant."""
        return SANDBOX_ACCOUNT if self.account == SANDBOX else self.account


class Neighbour(Struct, frozen=True, kw_only=True):
    """Another environment of the same root, as far as it was readable: enough to see that names would meet.

    Attributes:
        keys: what its stacks are named by, see SelectedModel.named_by.
    """

    name: str
    path: str
    account: str
    region: str
    iam_role_name_prefix: str
    keys: tuple[str, ...]
    enable_shared_service_account: bool = False
    shared_service_account_name: str = ""


class Check(Struct, frozen=True, kw_only=True):
    """A check of the root's own, in policies/checkov.

    Attributes:
        file: where it stands.
        digest: of what it says, however it is laid out.
    """

    file: str
    digest: str


class Policy(Struct, frozen=True, kw_only=True):
    """What is in force for one environment: the package's own policy, overridden by the root's policies/*.yaml.

    Attributes:
        levels: rule id to level; a rule that is not named keeps its own.
        limits: name of a limit to its number, for example {"max_instance_count": 8}.
        quotas: instance type to the instances of it that the account may run at a time; a type that is not named
            is not limited.
        allowed_instance_types: globs; empty allows every type.
        allowed_registries: accounts whose ECR images may run, by their 12 digits; "own" is the environment's.
            Empty allows every registry.
        required_tags: keys that every stack must be tagged with.
        production: the environment is one that people depend on.
        waivers: every one of the root, whatever its environment.
        prices: the price book of the root, over the package's own; None where the root says nothing of prices.
        named: every rule whose level the root's policies set, for whatever environment.
        mentioned: environments that the root's policies name, or globs over them.
        known: every environment of the root.
        checks: the root's own checks by id, without copies of the package's; of two with one id the root's counts.
        places: "levels/RULE" and "environments/NAME" to the line of policies/*.yaml that says so, and
            "checks/FILE/definition/..." to that of a check of the root's own.
        environment: whose policy it is; None where only templates are judged.
        digest: of everything that engines may judge by, the checks of the root's own included; part of a verdict's
            key. Waivers are not in it: they are put to what was said.
    """

    levels: Mapping[str, Level] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)
    allowed_instance_types: tuple[str, ...] = ()
    allowed_registries: tuple[str, ...] = ()
    required_tags: tuple[str, ...] = ()
    production: bool = False
    waivers: tuple[Waiver, ...] = ()
    prices: PriceBook | None = None
    named: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    checks: Mapping[str, Check] = field(default_factory=dict)
    places: Mapping[str, Origin] = field(default_factory=dict)
    environment: Environment | None = None
    digest: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Of every model that the environment selects."""
        return tuple(model.key for model in self.environment.selected_models) if self.environment else ()


class Project(Struct, frozen=True, kw_only=True):
    """One environment with everything that belongs to it, as read from the root.

    Attributes:
        environment_names: of every environment's file in the root, readable or not; this one's too.
    """

    catalog: Catalog
    environment: Environment
    neighbours: tuple[Neighbour, ...] = ()
    environment_names: tuple[str, ...] = ()
    policy: Policy = Policy()
