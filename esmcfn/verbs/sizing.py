"""Whether CloudFormation can be given what was built, before anybody asks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.template import INLINE_BYTES, UPLOADED_BYTES, Template
from esmcfn.errors import InputError, Problem


def refuse_too_large(templates: Sequence[Template]) -> None:
    """Raise InputError where a template fits neither into a request nor into the artifact bucket."""
    problems = tuple(problem for each in templates for problem in _problems(each))
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
