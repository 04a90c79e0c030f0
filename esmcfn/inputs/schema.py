"""The fields of catalogs/*.yaml and environments/*.yaml; those of policies/*.yaml stand in `rulebook`.

What depends on more than one field or file (selectors, composed names, regions) is for the selection.
"""

from __future__ import annotations

from esmcfn.inputs import hosted
from esmcfn.inputs.field import Field, Kind

_ROLE_ARN = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+"
_POLICY_ARN = r"arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/[A-Za-z0-9+=,.@_/-]+"
_PACKAGE_ARN = (
    r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:model-package/"
    r"[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}(?:/[0-9]{1,9})?"
)
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html"""

_REPOSITORY = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = (
    r"[0-9]{12}\.dkr\.ecr(?:-fips)?\.[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?/"
    rf"(?:{_REPOSITORY}/)*{_REPOSITORY}"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})?"
)
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html, for images in ECR"""

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_SAGEMAKER_NAME = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_KEY = r"[A-Za-z0-9](?:[-_]*[A-Za-z0-9])*"


def _instance_type(about: str, *, required: bool = False) -> Field:
    return Field(
        must="an instance type of SageMaker hosting such as ml.g5.2xlarge",
        about=about,
        required=required,
        pattern=r"ml\.[a-z0-9-]+\.[a-z0-9-]+",
        prefix="ml.",
    )


def _instance_count(about: str, *, required: bool = False) -> Field:
    return Field(
        kind=Kind.WHOLE,
        must="a whole number, 1 or more",
        about=about,
        required=required,
        least=1,
        most=1_000_000,
    )


def _sagemaker_name(about: str) -> Field:
    return Field(
        must="letters and digits, with hyphens between them",
        about=about,
        required=True,
        pattern=_SAGEMAKER_NAME,
        longest=63,
    )


CONTAINER = Field(
    kind=Kind.MAPPING,
    must="a mapping with an image",
    about="A container of your own, in place of a Marketplace package.",
    fields={
        "image": Field(
            must="an image in ECR such as 123456789012.dkr.ecr.us-east-2.amazonaws.com/esm@sha256:...",
            about="The image in ECR, best by digest; at most 255 characters.",
            required=True,
            pattern=_IMAGE,
            longest=255,
        ),
        "model_data": Field(
            must="the address of a .tar.gz, s3://bucket/key",
            about="The model's files: s3:// address of one .tar.gz.",
            pattern=r"s3://[a-z0-9][a-z0-9.-]*/[!-~]+",
            longest=1024,
        ),
        "environment": Field(
            kind=Kind.MAPPING,
            must="a mapping of names to texts",
            about="Environment variables of the container. Anybody with read access sees them: no secrets.",
            keys=Field(must="a variable's name", pattern=r"[A-Za-z_][A-Za-z0-9_]*", longest=1024),
            each=Field(must="text", longest=1024),
        ),
    },
)

MODEL_PACKAGE = Field(
    kind=(Kind.TEXT, Kind.MAPPING),
    must="a model package's ARN, or a mapping of regions to ARNs",
    about=(
        "ARN of the model package, as the subscription shows it, or a mapping of regions to ARNs. "
        "An ARN that ends in -EXAMPLE holds the place of one that is not known yet."
    ),
    pattern=rf"{_PACKAGE_ARN}|\S*-EXAMPLE",
    keys=Field(must="a region such as us-east-2", pattern=_REGION),
    each=Field(must="a model package's ARN", pattern=rf"{_PACKAGE_ARN}|\S*-EXAMPLE"),
)

ENTRY = Field(
    kind=Kind.MAPPING,
    must="a mapping that describes one model",
    one_of=("model_package", "container"),
    fields={
        "sagemaker_model_name": _sagemaker_name("Beginning of the SageMaker Model's name; a hash follows."),
        "forge_model_name": Field(
            must="the name that the esm SDK knows the model by",
            about="What the esm SDK is given as `model`.",
            required=True,
            pattern=r"[!-~]+",
            longest=256,
        ),
        "endpoint_name": _sagemaker_name("Beginning of the endpoint's name; a hash follows."),
        "model_package": MODEL_PACKAGE,
        "container": CONTAINER,
        "instance_type": _instance_type("Instance type where the environment names no other.", required=True),
        "instance_count": _instance_count(
            "Instances behind the endpoint where the environment says nothing.", required=True
        ),
        "autoscaling": hosted.autoscaling("An environment that says autoscaling replaces all of it."),
        "alarms": hosted.alarms("An environment that says alarms replaces all of it."),
        "supported_instance_types": Field(
            kind=Kind.LIST,
            must="a list of instance types",
            about="What may be selected here. Without it: what SageMaker is known to host on.",
            each=_instance_type(""),
        ),
        "software_usd_per_hour": Field(
            kind=(Kind.DECIMAL, Kind.WHOLE, Kind.TEXT),
            must="US dollars per instance and hour such as 1.10",
            about="The seller's own charge, US dollars per instance and hour. Unknown is not zero.",
            pattern=hosted.DOLLARS,
            least=0,
            most=999_999_999,
        ),
        "marketplace_product_id": Field(
            must="AWS Marketplace's id, prod-...",
            about="AWS Marketplace's own id of the listing.",
            pattern=r"prod-[a-z0-9]+",
        ),
        "description": Field(must="text", about="One sentence for the reader.", longest=1000),
    },
)

CATALOG = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    about="What may be deployed.",
    fields={
        "models": Field(
            kind=Kind.MAPPING,
            must="a mapping of selectors to models",
            about="The models that may be deployed, each under its selector.",
            required=True,
            keys=Field(
                must="letters, digits, dots, hyphens and underscores",
                pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*",
                longest=100,
            ),
            each=ENTRY,
        )
    },
)

SELECTED_MODEL = Field(
    kind=Kind.MAPPING,
    must="a mapping with a selector",
    fields={
        "selector": Field(
            must="a model of the catalog", about="Which model of the catalog.", required=True, longest=100
        ),
        "instance_type": _instance_type("Instance type in place of the catalog's."),
        "instance_count": _instance_count("Instances behind the endpoint in place of the catalog's."),
        "autoscaling": hosted.autoscaling("In place of all that the catalog says; false for none."),
        "alarms": hosted.alarms("In place of all that the catalog says; false for none."),
        "kms_key_arn": hosted.kms_key(
            "Key that encrypts the volumes of this model's instances, in place of the environment's; false for none. "
            "Instances with disks of their own take none."
        ),
        "log_retention_days": hosted.retention(
            "Days for which the container's log is kept, in place of the environment's; false leaves it to SageMaker."
        ),
        "parked": Field(
            kind=Kind.TRUTH,
            must="true or false",
            about="true deletes the endpoint and what it costs; model and configuration stay.",
            default=False,
        ),
        "moved_from": Field(
            must="the key that it was deployed under",
            about=(
                "After a renaming: the key that it was deployed under. Stack and endpoint keep their names, which go "
                "on being made of it; keep it for as long as the endpoint lives."
            ),
            pattern=_KEY,
            longest=100,
        ),
    },
)

EXECUTION_ROLE = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    about="How the execution role is made.",
    excludes="execution_role_arn",
    fields={
        "managed_policies": Field(
            kind=Kind.LIST,
            must="a list of managed policies",
            about="Managed policies to attach beside what models need: ARNs, or names of AWS's own.",
            each=Field(
                must="a managed policy's ARN or name",
                pattern=rf"{_POLICY_ARN}|[A-Za-z0-9+=,.@_/-]+",
            ),
        ),
        "permissions_boundary": Field(
            must="a managed policy's ARN",
            about="ARN of the managed policy that bounds the role.",
            pattern=_POLICY_ARN,
        ),
        "path": Field(
            must="an IAM path that begins and ends with a slash",
            about="IAM path of the role.",
            pattern=r"/(?:[A-Za-z0-9+=,.@_-]+/)*",
            longest=512,
            default="/",
        ),
    },
)

ENVIRONMENT = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    about="An account, a region, and the models that are selected there.",
    also={"models_yaml_path": "catalog", "models": "selected_models", "aws_profile": "profile"},
    fields={
        "environment": Field(
            must="letters and digits, with hyphens between them",
            about="The environment's name, the same as the file's.",
            required=True,
            pattern=_SAGEMAKER_NAME,
            longest=63,
        ),
        "account": Field(
            must='an account\'s 12 digits in quotes, or "sandbox"',
            about=(
                'The account\'s 12 digits, in quotes; or "sandbox", the embedded AWS. '
                "A deploy to any other account is refused."
            ),
            required=True,
            pattern=r"sandbox|[0-9]{12}",
            words=("sandbox",),
        ),
        "region": Field(
            must="a region such as us-east-2",
            about="The AWS region.",
            required=True,
            pattern=_REGION,
        ),
        "catalog": Field(
            must="the path of a catalog",
            about="The catalog's path, relative to this file.",
            required=True,
            longest=1024,
        ),
        "iam_role_name_prefix": Field(
            must="letters and digits, with hyphens between them, a letter first",
            about="Beginning of the names of stacks, roles and users.",
            pattern=r"[A-Za-z](?:-*[A-Za-z0-9])*",
            longest=63,
            default="esm",
        ),
        "tags": Field(
            kind=Kind.MAPPING,
            must="a mapping of keys to texts",
            about="Tags of every stack and every resource.",
            keys=Field(must="a tag's key, 1 to 128 characters", pattern=r"[\s\S]+", longest=128),
            each=Field(must="text", longest=256),
        ),
        "enable_shared_service_account": Field(
            kind=Kind.TRUTH,
            must="true or false",
            about="true makes an IAM user that may invoke the endpoints; its secret goes to Secrets Manager.",
            default=False,
        ),
        "shared_service_account_name": Field(
            must="letters, digits and +=,.@_-",
            about="Name of that user; empty for the usual one.",
            pattern=r"[A-Za-z0-9+=,.@_-]+",
            longest=64,
            default="",
        ),
        "selected_models": Field(
            kind=Kind.MAPPING,
            must="a mapping of keys of your own to models ({} for none)",
            about="The models that are deployed, each under a key of your own.",
            required=True,
            keys=Field(
                must="letters and digits, with hyphens or underscores between them",
                pattern=_KEY,
                longest=100,
            ),
            each=SELECTED_MODEL,
        ),
        "profile": Field(
            must="an AWS profile's name",
            about="AWS profile that reaches the account; --profile overrides it.",
            pattern=r"[ -~]+",
            longest=256,
        ),
        "role_arn": Field(must="a role's ARN", about="Role to assume first.", pattern=_ROLE_ARN, longest=2048),
        "execution_role_arn": Field(
            must="a role's ARN",
            about="A role of your own that SageMaker assumes, in place of the one that esmcfn would make.",
            pattern=_ROLE_ARN,
            longest=2048,
        ),
        "service_role_arn": Field(
            must="a role's ARN",
            about="Role that CloudFormation works with, so that whoever deploys needs none of its permissions.",
            pattern=_ROLE_ARN,
            longest=2048,
        ),
        "artifact_bucket": Field(
            must="a bucket's name",
            about=(
                "Bucket of this account and region for templates that are too large to be sent along (51,200 bytes); "
                "bootstrap makes one."
            ),
            pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            longest=63,
        ),
        "execution_role": EXECUTION_ROLE,
        "kms_key_arn": hosted.kms_key(
            "Key that encrypts the volumes of instances, wherever these have no disks of their own. Its policy must "
            "let the execution role use it."
        ),
        "log_retention_days": hosted.retention(
            "Days for which the containers' logs are kept. Without it SageMaker makes the logs and keeps them for ever."
        ),
        "log_kms_key_arn": hosted.kms_key(
            "Key that encrypts those logs. Its policy must let logs.REGION.amazonaws.com use it."
        ),
        "alarm_topic": hosted.ALARM_TOPIC,
        "alarm_topic_arn": Field(
            must="a topic's ARN",
            about="A topic of your own that alarms go to; it must let cloudwatch.amazonaws.com publish.",
            pattern=r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}",
        ),
        "budget": hosted.BUDGET,
        "termination_protection": Field(
            kind=Kind.TRUTH,
            must="true or false",
            about="true protects the stacks from being deleted.",
        ),
    },
)
