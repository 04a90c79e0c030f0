"""What CloudFormation says when it will not make a change set, as the errors that tell what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from esmcfn.errors import WITHOUT_REVERTING, AccessDenied, CloudError, StackBusyError, StalePlanError, TemplateRefused

_BUSY = re.compile(r"is in \w+_IN_PROGRESS state|already exists and cannot be created again")


@contextmanager
def busy_told(stack_name: str) -> Iterator[None]:
    """Turn CloudFormation's "is in UPDATE_IN_PROGRESS state" into the error that has its own exit code."""
    try:
        yield
    except CloudError as error:
        if not _BUSY.search(error.message):
            raise
        raise first(stack_name, error.message) from error


@contextmanager
def template_told() -> Iterator[None]:
    """Tell CloudFormation's judgement of a template from everything else that may go wrong with a call."""
    try:
        yield
    except CloudError as error:
        if error.code != "ValidationError":
            raise
        raise TemplateRefused(error.message, code=error.code, operation=error.operation) from error


@contextmanager
def reverting(stack_name: str) -> Iterator[None]:
    """Say of a refusal that it was reverting drift that was refused, and how to go on without."""
    try:
        yield
    except CloudError as error:
        if error.transient or error.next_step or isinstance(error, AccessDenied):
            raise
        kind = TemplateRefused if isinstance(error, TemplateRefused) else CloudError  # policy may know the line
        raise kind(
            f"{stack_name}: CloudFormation does not revert its drift: {error.message}",
            code=error.code,
            operation=error.operation,
            next_step=WITHOUT_REVERTING,
        ) from error


def first(stack_name: str, how: str) -> StackBusyError:
    """Somebody else was first."""
    return StackBusyError(
        f"{stack_name}: somebody else is at work on this stack: {how}",
        next_step="wait until it is done, then plan again (deploy --wait-for-stack 30m does both)",
    )


def stale(message: str) -> StalePlanError:
    """What was reviewed cannot be executed any more."""
    return StalePlanError(message, next_step="plan again and review what has changed")
