"""Stack -> Template: canonical text, digest, origins. The same stack gives the same bytes, on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec
from troposphere import Output

from esmcfn.domain.origin import Origin
from esmcfn.domain.stack import BaseStack, BootstrapStack, ModelStack, Selection, Stack
from esmcfn.domain.template import Template
from esmcfn.resources import (
    Part,
    Parts,
    autoscaling,
    budgets,
    cloudwatch,
    github,
    iam,
    logs,
    sagemaker,
    secretsmanager,
    sns,
)

BASE_BUILDERS: tuple[Callable[[BaseStack], Parts], ...] = (
    iam.execution_role,
    iam.service_account,
    secretsmanager.access_key_secret,
    sns.alarm_topic,
    budgets.monthly_budget,
)
"""What a base stack consists of: a line here, a function there."""

MODEL_BUILDERS: tuple[Callable[[ModelStack], Parts], ...] = (
    sagemaker.hosting,
    autoscaling.autoscaling,
    cloudwatch.alarms,
    logs.container_log,
)
"""What a model stack consists of."""

BOOTSTRAP_BUILDERS: tuple[Callable[[BootstrapStack], Parts], ...] = (
    github.provider,
    github.service_role,
    github.github_roles,
    github.artifact_bucket,
)
"""What GitHub needs in an account."""

DIGEST_PREFIX = "sha256:"


def synthesize(stack: Stack) -> Template:
    """A stack as CloudFormation text."""
    parts = tuple(_parts(stack))
    names = {part.resource.title: part.name for part in parts if part.name}
    body: dict[str, object] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {part.resource.title: part.resource.to_dict() for part in parts},
        "Outputs": {title: output.to_dict() for title, output in _outputs(stack, names).items()},
    }
    # to_dict leaves helpers such as Ref inside; a trip through JSON makes plain values of them.
    plain = json.loads(json.dumps(body, default=lambda helper: helper.to_dict()))
    return _written(stack, plain, origins=dict(_origins(stack, parts)), names=names)


def without(stack: Stack, body: Mapping[str, object], types: Collection[str]) -> Template:
    """A deployed template without its resources of these types, nothing else changed.

    Args:
        stack: the stack that it is deployed as.
        body: the deployed template.
    """
    resources = body.get("Resources")
    kept = {
        name: resource
        for name, resource in (resources.items() if isinstance(resources, dict) else ())
        if not (isinstance(resource, dict) and resource.get("Type") in types)
    }
    return _written(stack, {**body, "Resources": kept}, origins={}, names={})


def _written(
    stack: Stack, body: Mapping[str, object], *, origins: Mapping[str, Origin], names: Mapping[str, str]
) -> Template:
    """A template as text, with its digest in its Description."""
    digest = digest_of(body)
    plain = {**body, "Description": f"{_subject(stack)}, by esmcfn. {digest}"}
    return Template(
        stack=stack,
        # What indents is in C here; json's own indentation is not.
        text=msgspec.json.format(json.dumps(plain, sort_keys=True, ensure_ascii=True), indent=2) + "\n",
        body=plain,
        digest=digest,
        origins=origins,
        names=names,
    )


def synthesize_all(selection: Selection) -> tuple[Template, ...]:
    """Every stack of a selection, in the order of deployment."""
    return tuple(synthesize(stack) for stack in selection.stacks)


def synthesize_beside(selection: Selection) -> tuple[Template, ...]:
    """What a selection was narrowed away from, in the environment's order."""
    return tuple(synthesize(stack) for stack in selection.beside)


def digest_of(body: Mapping[str, object]) -> str:
    """ "sha256:..." over a template without its Description, where the digest itself stands."""
    rest = {key: value for key, value in body.items() if key != "Description"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return DIGEST_PREFIX + hashlib.sha256(canonical.encode()).hexdigest()


def _parts(stack: Stack) -> Iterable[Part]:
    match stack:
        case BaseStack():
            for build_base in BASE_BUILDERS:
                yield from build_base(stack)
        case ModelStack():
            for build_model in MODEL_BUILDERS:
                yield from build_model(stack)
        case BootstrapStack():
            for build in BOOTSTRAP_BUILDERS:
                yield from build(stack)


def _outputs(stack: Stack, names: Mapping[str, str]) -> Mapping[str, Output]:
    match stack:
        case BaseStack():
            return {**iam.outputs(stack), **sns.outputs(stack)}
        case ModelStack():
            return sagemaker.outputs(stack, names)
        case BootstrapStack():
            return github.outputs()


def _subject(stack: Stack) -> str:
    match stack:
        case BaseStack():
            return f"What the models of {stack.environment} share"
        case ModelStack():
            return f"{stack.selector} as {stack.model} in {stack.environment}"
        case BootstrapStack():
            return f"What {stack.repository} needs to deploy {stack.environment.removeprefix('bootstrap-')}"


def _origins(stack: Stack, parts: Iterable[Part]) -> Iterable[tuple[str, Origin]]:
    for part in parts:
        title = part.resource.title
        yield title, part.lines.get("", stack.origins.at)
        for path, origin in part.lines.items():
            if path:
                yield f"{title}/{path}", origin
        # Tags come from the environment as a whole.
        yield f"{title}/Tags", stack.origins.of("tags")
