"""What goes into GitHub's variables: for a person to paste, as dotenv, as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.github import ROLE_VARIABLE, GitHubSettings
from esmcfn.render.escape import code


def text(settings: GitHubSettings) -> Iterator[str]:
    """Commands and lines of YAML."""
    yield "GitHub"
    for line in _commands(settings):
        yield f"    {line}"
    yield f"    then, in the settings of {settings.repository}: {_protection(settings)}"
    yield settings.path
    yield from (f"    {key}: {value}" for key, value in settings.keys.items())


def markdown(settings: GitHubSettings) -> Iterator[str]:
    """The same as blocks."""
    yield ""
    yield "```sh"
    yield from _commands(settings)
    yield "```"
    yield ""
    yield f"Then, in the settings of {code(settings.repository)}: {_protection(settings)}."
    yield ""
    yield f"{code(settings.path)}:"
    yield ""
    yield "```yaml"
    yield from (f"{key}: {value}" for key, value in settings.keys.items())
    yield "```"


def variables(settings: GitHubSettings) -> Iterator[tuple[str, str]]:
    """As variables of the whole repository, where one pair of roles serves all; the workflows read the first two."""
    yield "ESMCFN_PLAN_ROLE_ARN", settings.plan.role_arn
    yield "ESMCFN_DEPLOY_ROLE_ARN", settings.deploy.role_arn
    yield from ((f"ESMCFN_{key.upper()}", value) for key, value in settings.keys.items())


def _commands(settings: GitHubSettings) -> Iterator[str]:
    for each in (settings.plan, settings.deploy):
        yield f"gh api --method PUT --silent repos/{settings.repository}/environments/{each.name}"
        yield (f"gh variable set {ROLE_VARIABLE} --repo {settings.repository} --env {each.name} --body {each.role_arn}")


def _protection(settings: GitHubSettings) -> str:
    return "; ".join(
        f"{each.name} takes {each.branches}{' and has reviewers' if each.reviewed else ''}"
        for each in (settings.plan, settings.deploy)
    )
