"""House rules about values: of a container's variables, of tags, and of whatever else a template says."""

from __future__ import annotations

from collections.abc import Iterable

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.container import BY_DIGEST, a_model, containers
from esmcfn.policy.house.rule import ENVIRONMENT, Complaint, Rule, Subject, known, mapping, text
from esmcfn.policy.house.secret import form, looks_like
from esmcfn.policy.house.walk import walk

_TAGS = f"{ENVIRONMENT}tags"


def _secret_value(subject: Subject) -> Iterable[Complaint]:
    """The value is judged and never shown."""
    for path, container in containers(subject):
        for name, value in mapping(container.get("Environment")).items():
            what = looks_like(known(value, subject.template) or text(value))
            if what:
                yield Complaint(f"the value of {name} looks like {what}", f"{path}/Environment/{name}")
    yield from _in_tags(subject)
    yield from _elsewhere(subject)


def _in_tags(subject: Subject) -> Iterable[Complaint]:
    """Told once: every stack and resource carries them, and so does the bill."""
    for key, value in subject.template.stack.tags.items() if subject.first else ():
        if what := form(key) or form(value):
            yield Complaint(f"{'a tag' if form(key) else f'the tag {key}'} looks like {what}", _TAGS)


def _elsewhere(subject: Subject) -> Iterable[Complaint]:
    """In any other text of the template, by forms alone that nothing else has."""
    whole = subject.template.text
    escaped = "\\u" in whole or "\\/" in whole  # JSON's own: no form before it is read
    if not escaped and not form(whole):
        return
    told = {*subject.template.stack.tags, *subject.template.stack.tags.values()}
    for path, value in walk(subject.template.body, ""):
        of_container = path.startswith("Resources/") and "/Environment/" in path
        if isinstance(value, str) and value not in told and not of_container and (what := form(value)):
            yield Complaint(f"{path.rpartition('/')[2]} looks like {what}", _place(path))


def _place(path: str) -> str:
    """ "Resources/X/Properties/A" as "X/A"; anything else as it is."""
    return path.removeprefix("Resources/").replace("/Properties/", "/", 1) if path.startswith("Resources/") else path


VALUE_RULES = (
    Rule(
        id="ESM032",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="No value of a container's variables, of a tag or of anything else in a template looks like a secret",
        why=(
            "It stands in clear in the catalog and its history, in the template and in the model, for whoever may read "
            "one of them; a tag is on the bill as well."
        ),
        advice="take it out, replace it where it is valid, and let the container read the new one from Secrets Manager",
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html",
        check=_secret_value,
        good=a_model(BY_DIGEST, "DATABASE_URL: postgresql://db.example.com/esm"),
        bad=a_model(BY_DIGEST, "DATABASE_URL: postgresql://esm:some-password@db.example.com/esm"),
    ),
)
