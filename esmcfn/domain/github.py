"""What goes into GitHub, and into the environment's file, before workflows can plan and deploy there."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

ROLE_VARIABLE = "AWS_ROLE_ARN"
"""The variable of a GitHub environment that the workflows read."""


class GitHubEnvironment(Struct, frozen=True, kw_only=True):
    """One environment of a GitHub repository.

    Attributes:
        branches: who may use it, in words; GitHub's settings say so, not AWS.
        reviewed: it needs reviewers.
    """

    name: str
    role_arn: str
    branches: str
    reviewed: bool


class GitHubSettings(Struct, frozen=True, kw_only=True):
    """Everything that is to be written where.

    Attributes:
        repository: "OWNER/NAME".
        plan, deploy: the environments that plan and that deploy.
        path: of the environment's file, from the root.
        keys: of that file, with their values; what nobody knows yet is missing.
    """

    repository: str
    plan: GitHubEnvironment
    deploy: GitHubEnvironment
    path: str
    keys: Mapping[str, str] = field(default_factory=dict)
