"""House rules about values of a container's variables."""

from __future__ import annotations

import re
from collections.abc import Iterable

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.container import BY_DIGEST, a_model, containers
from esmcfn.policy.house.rule import Complaint, Rule, Subject, mapping, text

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a token of GitHub", re.compile(r"\b(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})")),
    ("a token of Hugging Face", re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("a token of GitLab", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a key of NVIDIA", re.compile(r"\bnvapi-[A-Za-z0-9_-]{20,}")),
    (
        "a key of a model's API",
        re.compile(r"\bsk-(?:(?:admin|ant|or|proj|svcacct)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,})"),
    ),
    ("a key of Google", re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("a token of a package registry", re.compile(r"\b(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{20,})")),
    ("a token of Slack", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("a signed token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.")),
    ("an address with a password in it", re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")),
)
"""What secrets look like whose makers gave them a form; a password of somebody's own has none."""

_SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_CLASSES = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))


def _looks_like(value: str) -> str:
    """What a value looks like, in words; empty where it looks harmless."""
    for what, form in _FORMS:
        if form.search(value):
            return what
    # 40 characters are a digest as well, but a digest is written in one case.
    key = _SECRET_KEY.search(value)
    return "an AWS secret key" if key and all(each.search(key[0]) for each in _CLASSES) else ""


def _secret_value(subject: Subject) -> Iterable[Complaint]:
    """The value is judged and never shown."""
    for path, container in containers(subject):
        for name, value in mapping(container.get("Environment")).items():
            what = _looks_like(text(value))
            if what:
                yield Complaint(f"the value of {name} looks like {what}", f"{path}/Environment/{name}")


VALUE_RULES = (
    Rule(
        id="ESM032",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="No value of a container's variables looks like a secret",
        why=(
            "It stands in clear in the catalog and its history, in the template and in the model, for whoever may read "
            "one of them."
        ),
        advice="take it out, replace it where it is valid, and let the container read the new one from Secrets Manager",
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html",
        check=_secret_value,
        good=a_model(BY_DIGEST, "DATABASE_URL: postgresql://db.example.com/esm"),
        bad=a_model(BY_DIGEST, "DATABASE_URL: postgresql://esm:some-password@db.example.com/esm"),
    ),
)
