"""Whether CloudFormation can be given what was built, before anybody asks it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from esmcfn.domain.template import INLINE_BYTES, UPLOADED_BYTES, Template
from esmcfn.errors import InputError, Problem

INLINE_CHARACTERS = 10_240
"""Of all policies inside of one role together, without white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


def refuse_too_large(templates: Sequence[Template]) -> None:
    """Raise InputError where a template does not fit into a request or the bucket, or a role's policies into IAM."""
    problems = tuple(problem for each in templates for problem in (*_problems(each), *_roles(each)))
    if problems:
        raise InputError(problems)


def refuse_long_policies(templates: Sequence[Template]) -> None:
    """Raise InputError where a role's policies do not fit into IAM; for templates that are only written."""
    problems = tuple(problem for each in templates for problem in _roles(each))
    if problems:
        raise InputError(problems)


def _problems(template: Template) -> Iterator[Problem]:
    size, stack = len(template.text.encode()), template.stack
    bucket = stack.target.artifact_bucket
    if size <= (UPLOADED_BYTES if bucket else INLINE_BYTES):
        return
    at = stack.origins.at
    if bucket:
        message = f"{stack.name}: its template has {size:,} bytes, and CloudFormation takes {UPLOADED_BYTES:,}"
        yield Problem(at.path, at.line, at.column, message, "select less, or say less in its container's environment")
    else:
        message = (
            f"{stack.name}: its template has {size:,} bytes, and CloudFormation takes {INLINE_BYTES:,} in a request"
        )
        yield Problem(at.path, at.line, at.column, message, "name an artifact_bucket; esmcfn bootstrap makes one")


def _roles(template: Template) -> Iterator[Problem]:
    """IAM would say so in the middle of the deployment."""
    at, resources = template.stack.origins.at, template.body.get("Resources")
    for logical_id, resource in resources.items() if isinstance(resources, Mapping) else ():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        policies = resource["Properties"].get("Policies", ())
        size = sum(len(json.dumps(each["PolicyDocument"], separators=(",", ":"))) for each in policies)
        if size > INLINE_CHARACTERS:
            message = (
                f"{template.stack.name}: the policies of {logical_id} have {size:,} characters, and IAM takes "
                f"{INLINE_CHARACTERS:,} of one role: every other kms_key_arn makes them longer"
            )
            yield Problem(at.path, at.line, at.column, message, "use one kms_key_arn for more models")
