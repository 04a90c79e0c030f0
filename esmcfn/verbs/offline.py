"""What needs no AWS: `validate`, `build`, `check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from esmcfn import plan, template
from esmcfn.domain.origin import Origin, Origins
from esmcfn.domain.project import Project
from esmcfn.domain.rejudged import Since
from esmcfn.domain.report import Built, Checked, Report, Validated
from esmcfn.domain.stack import BaseStack, Selection
from esmcfn.domain.template import Template
from esmcfn.errors import ExitCode
from esmcfn.verbs.plan.rejudging import Then, since
from esmcfn.verbs.world import World


def validate(selection: Selection) -> Report:
    """The YAML is good: select() would not have returned otherwise."""
    name = selection.environment.name
    body = Validated(environment=name, stacks=tuple(stack.name for stack in selection.stacks))
    return Report(verb="validate", environment=name, body=body)


def build(selection: Selection) -> Report:
    """Every template of the selection."""
    name = selection.environment.name
    body = Built(environment=name, templates=template.synthesize_all(selection))
    return Report(verb="build", environment=name, body=body)


def check(
    project: Project, selection: Selection, world: World, *, given: Sequence[Given] = (), then: Then | None = None
) -> Report:
    """Ask every rule about every template.

    Args:
        given: templates that somebody else wrote, to be judged in place of what the environment builds.
        then: a commit whose policies judge them, too.
    """
    templates = tuple(_foreign(each, selection) for each in given) or template.synthesize_all(selection)
    beside = () if given else template.synthesize_beside(selection)
    with world.begin(templates, policy=project.policy, region=selection.target.region, beside=beside) as judgement:
        findings = judgement.findings()
        engines = dict(judgement.engines)
    verdict = plan.policy_verdict(findings)
    compared: Since | None = None
    if then:
        compared = since(project, selection, world, templates=templates, beside=beside, findings=findings, then=then)
    name = selection.environment.name
    body = Checked(
        environment=name,
        findings=findings,
        engines=engines,
        verdict=verdict,
        since=compared,
        narrowed=() if given else tuple(sorted(selection.narrowed)),
        given=tuple(each.path for each in given),
    )
    return Report(
        verb="check",
        environment=name,
        body=body,
        exit_code=ExitCode.FINDINGS if verdict.blocked else ExitCode.DONE,
    )


class Given(Struct, frozen=True, kw_only=True):
    """A template that esmcfn did not write.

    Attributes:
        path: of its file, as findings name it.
        body: its text, parsed.
    """

    path: str
    text: str
    body: Mapping[str, object]


def _foreign(given: Given, selection: Selection) -> Template:
    """As if it were the base stack of the environment: the same account, region and tags."""
    tags = dict(selection.environment.tags)
    stack = BaseStack(
        name=given.path,
        environment=selection.environment.name,
        target=selection.target,
        tags=tags,
        execution_role=None,
        service_account=None,
        origins=Origins(at=Origin(given.path, 1)),
    )
    return Template(stack=stack, text=given.text, body=given.body, digest="", origins=_places(given), names={})


def _places(given: Given) -> Mapping[str, Origin]:
    """Lines of resources, as far as each begins a line of its own below "Resources"."""
    resources = given.body.get("Resources")
    lines = given.text.splitlines()
    start = next((number for number, line in enumerate(lines) if line.strip().startswith('"Resources"')), len(lines))
    places: dict[str, Origin] = {}
    for number, line in enumerate(lines[start:], start=start + 1):
        name = line.strip().partition('"')[2].partition('":')[0]
        if isinstance(resources, dict) and name in resources:
            places.setdefault(name, Origin(given.path, number, line.index('"') + 1))
    return places
