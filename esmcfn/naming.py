"""Every physical name, and the hash behind it.

Two kinds of names carry eight hex digits:

- an endpoint's is *stable*: the digits hash account, region and stack name, so it is known before anything is
  deployed and never changes while the selection keeps its key;
- a Model's and an EndpointConfig's follow their *content*: the digits also hash the create-only properties, so a
  change that CloudFormation can only make by replacement always comes with a new name. A fixed name would make every
  such change fail: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html

Golden tests hold the digits: a new esmcfn must not rename, and so redeploy, what runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

HASH_LENGTH = 8
"""Hex digits of a name's hash; the Terraform module's suffix had as many."""

SAGEMAKER_NAME_LENGTH = 63
"""Characters of a SageMaker name at most. The registry schema of Endpoint says 64, the API says 63.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
"""

IAM_NAME_LENGTH = 64
"""Characters of a role's or a user's name at most.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

STACK_NAME_LENGTH = 128
"""Characters of a stack's name at most.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
"""

CONFIG_PREFIX = "EndpointConfig-"


def stack_name(prefix: str, environment: str, key: str | None = None) -> str:
    """The base stack's name, or the model stack's where a key is given; a stack's name takes no underscore."""
    parts = (prefix, environment) if key is None else (prefix, environment, key.replace("_", "-"))
    return "-".join(parts)


def role_name(prefix: str, environment: str) -> str:
    """The execution role's name, in the Terraform module's form."""
    return f"{prefix}-sagemaker-exec-{environment}"


def user_name(prefix: str, environment: str, override: str = "") -> str:
    """The shared service account's name; what the environment says wins."""
    return override or f"{prefix}-shared-invoke-{environment}"


def policy_name(prefix: str, environment: str, user: str) -> str:
    """The name of the policy that lets the shared service account invoke."""
    return f"{prefix}-shared-invoke-policy-{environment}-{user}"


def topic_name(prefix: str, environment: str) -> str:
    """The name of the topic that alarms go to."""
    return f"{stack_name(prefix, environment)}-alarms"


def endpoint_name(base: str, *, account: str, region: str, stack: str) -> str:
    """The endpoint's whole name, stable for as long as its stack keeps its name."""
    return f"{base}-{_digits([account, region, stack])}"


def config_base_name(endpoint_base: str) -> str:
    """An EndpointConfig's name without its hash."""
    return f"{CONFIG_PREFIX}{endpoint_base}"


def content_name(base: str, *, account: str, region: str, stack: str, properties: Mapping[str, object]) -> str:
    """The name of something that CloudFormation can only replace.

    Args:
        properties: the create-only properties, every value resolved, the name itself left out.
    """
    return f"{base}-{_digits([account, region, stack, properties])}"


def endpoint_url(endpoint_name: str, region: str, url_suffix: str) -> str:
    """The address that InvokeEndpoint posts to, without a VPC endpoint or FIPS."""
    return f"https://runtime.sagemaker.{region}.{url_suffix}/endpoints/{endpoint_name}/invocations"


def _digits(identity: object) -> str:
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]
