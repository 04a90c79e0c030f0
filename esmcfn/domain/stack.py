"""What shall exist: catalog x environment with every field filled, as stacks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from esmcfn.domain.budget import MonthlyBudget
from esmcfn.domain.hosting import Alarms, AlarmTopic, Autoscaling
from esmcfn.domain.origin import Origin, Origins
from esmcfn.domain.project import Container, Environment

ENVIRONMENT_TAG = "esmcfn:environment"
"""Tag of every stack and resource: which environment it belongs to. What cannot be told by its name is told by it."""

MODEL_TAG = "esmcfn:model"
"""Tag of every model stack and its resources: the key of its selected model."""

VARIANT_NAME = "variant-1"
"""The one production variant's name; it must never change, blue/green updates need it to stay.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
"""


class Target(Struct, frozen=True, kw_only=True):
    """Where a stack lives.

    Attributes:
        account: 12 digits.
        partition: "aws", "aws-cn", "aws-us-gov", ...
        url_suffix: "amazonaws.com", "amazonaws.com.cn", ...
        service_role_arn: the role that CloudFormation works with there; empty where it works as whoever calls it.
        artifact_bucket: where templates go that are too large to be sent along; empty where there is none.
    """

    account: str
    region: str
    partition: str
    url_suffix: str
    service_role_arn: str = ""
    artifact_bucket: str = ""


class Variant(Struct, frozen=True, kw_only=True):
    """One production variant: instances behind an endpoint.

    Attributes:
        instance_count: instances, 1 or more.
        weight: traffic relative to the sum over all variants, without unit.
        download_timeout: seconds SageMaker waits for the model's download, 60 to 3600.
            https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html
    """

    name: str = VARIANT_NAME
    instance_type: str
    instance_count: int
    weight: float = 1.0
    download_timeout: int = 3600


class ExecutionRole(Struct, frozen=True, kw_only=True):
    """The role that SageMaker assumes to run the models.

    Attributes:
        images: ECR images that the role may pull (own containers only).
        model_data: s3:// addresses that the role may read (own containers only).
        keys: ARNs of KMS keys for the volumes of instances.
    """

    name: str
    path: str = "/"
    managed_policies: tuple[str, ...] = ()
    permissions_boundary: str = ""
    images: tuple[str, ...] = ()
    model_data: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


class ServiceAccount(Struct, frozen=True, kw_only=True):
    """The shared IAM user that may invoke this environment's endpoints, and nothing else.

    Attributes:
        endpoint_names: as called, case kept; the policy writes them in lower case, as ARNs are.
    """

    user_name: str
    policy_name: str
    endpoint_names: tuple[str, ...]


class BaseStack(Struct, frozen=True, kw_only=True):
    """What the models of an environment share.

    Attributes:
        execution_role: None when the environment brings its own.
        service_account: None when nobody asked for one.
        alarm_topic: None when nobody asked for one.
        budget: None when AWS is to watch none.
        tags: stable values only, they propagate.
    """

    name: str
    environment: str
    target: Target
    tags: Mapping[str, str]
    execution_role: ExecutionRole | None
    service_account: ServiceAccount | None
    alarm_topic: AlarmTopic | None = None
    budget: MonthlyBudget | None = None
    origins: Origins

    @property
    def model(self) -> None:
        """No selected model's key: it belongs to all of them."""
        return None


class ModelStack(Struct, frozen=True, kw_only=True):
    """One selected model: Model, EndpointConfig, Endpoint, and what belongs to them.

    Attributes:
        model: key of the selected model.
        model_base_name: the Model's name without its hash.
        config_base_name: the EndpointConfig's name without its hash.
        endpoint_name: whole and stable, known before anything is deployed.
        execution_role_arn: resolved.
        execution_role_path: path and name of the base stack's role, empty when the ARN is the environment's own.
        package: model package ARN, empty when `container` is given.
        autoscaling: None where the variant keeps its instance_count.
        alarms: None where nobody is told anything.
        alarm_topic_name: the base stack's topic, empty where it has none.
        alarm_topic_arn: the environment's own topic, or empty.
        kms_key_arn: the key for the volumes of its instances, or empty.
        log_retention_days: days for which the container's log is kept; None leaves the log to SageMaker.
        log_kms_key_arn: the key for that log, or empty.
        network_isolation: no network for the container; always on for Marketplace packages.
        software_usd_per_hour: the seller's charge per instance and hour, None when unknown.
        catalog_origins: where the catalog entry stands; `origins` is where it was selected.
        environment_origins: where the environment's own keys stand.
    """

    name: str
    environment: str
    target: Target
    tags: Mapping[str, str]
    model: str
    selector: str
    forge_model_name: str
    model_base_name: str
    config_base_name: str
    endpoint_name: str
    execution_role_arn: str
    execution_role_path: str
    package: str
    container: Container | None
    variant: Variant
    autoscaling: Autoscaling | None = None
    alarms: Alarms | None = None
    alarm_topic_name: str = ""
    alarm_topic_arn: str = ""
    kms_key_arn: str = ""
    log_retention_days: int | None = None
    log_kms_key_arn: str = ""
    network_isolation: bool = True
    parked: bool = False
    software_usd_per_hour: Decimal | None = None
    supported_instance_types: tuple[str, ...] = ()
    origins: Origins
    catalog_origins: Origins
    environment_origins: Origins = Origins(at=Origin("", 1))

    def says(self, key: str) -> bool:
        """Is this written anywhere, be it to switch it off?"""
        places = (self.origins, self.environment_origins, self.catalog_origins)
        return any(key in origins.keys for origins in places)

    def written(self, key: str) -> Origin:
        """The line to edit: where it was selected, else in the environment or the catalog; the nearest key there."""
        parts = key.split(".")
        places = (self.origins, self.environment_origins)
        origins = next((each for each in places if parts[0] in each.keys), self.catalog_origins)
        longest = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        return next((origins.keys[each] for each in longest if each in origins.keys), origins.at)


class GitHubRole(Struct, frozen=True, kw_only=True):
    """A role that jobs of one repository assume with GitHub's own token.

    Attributes:
        environment: GitHub's environment that the job must name; its reviewers and branches are the gate.
        workflows: `job_workflow_ref` of the job, "*" for any text.
        policy: IAM policy document.
    """

    name: str
    environment: str
    workflows: tuple[str, ...]
    policy: Mapping[str, object]


class BootstrapStack(Struct, frozen=True, kw_only=True):
    """What GitHub needs in an account before it can plan and deploy an environment.

    Attributes:
        environment: "bootstrap-" and the environment's name, so that no environment takes the stack for its own.
        repository: "OWNER/NAME".
        repository_id: GitHub's number of it, which survives renaming and is never given again; empty where unknown.
        provider_arn: GitHub's OIDC provider where the account has it already; empty to make it.
        service_role: name of the role that CloudFormation works with.
        service_policy: its IAM policy document.
    """

    name: str
    environment: str
    target: Target
    tags: Mapping[str, str]
    repository: str
    repository_id: str = ""
    provider_arn: str = ""
    plan: GitHubRole
    deploy: GitHubRole
    service_role: str
    service_policy: Mapping[str, object]
    origins: Origins

    @property
    def model(self) -> None:
        """No selected model's key."""
        return None


Stack = BaseStack | ModelStack | BootstrapStack


class Selection(Struct, frozen=True, kw_only=True):
    """Catalog x environment, every field filled.

    Attributes:
        base: None when nothing is shared (own role, no service account).
        models: in the environment's order.
        bootstrap: what GitHub needs; stands alone.
        narrowed: keys asked for with --model; empty means all, and only then may a stack be listed for deletion.
        beside: what it was narrowed away from: never touched, and yet part of what the environment costs and has.
    """

    environment: Environment
    target: Target
    base: BaseStack | None
    models: tuple[ModelStack, ...]
    bootstrap: BootstrapStack | None = None
    narrowed: frozenset[str] = field(default_factory=frozenset)
    beside: tuple[ModelStack, ...] = ()

    @property
    def whole(self) -> tuple[ModelStack, ...]:
        """Every model that the environment selects, whatever it was narrowed to."""
        return (*self.models, *self.beside)

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """In the order of deployment: what others stand on comes first."""
        first = (each for each in (self.bootstrap, self.base) if each)
        return (*first, *self.models)
