"""What needs no AWS: `validate`, `build`, `check`."""

from __future__ import annotations

from esmcfn import plan, template
from esmcfn.domain.project import Project
from esmcfn.domain.report import Built, Checked, Report, Validated
from esmcfn.domain.stack import Selection
from esmcfn.errors import ExitCode
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


def check(project: Project, selection: Selection, world: World) -> Report:
    """Ask every rule about every template."""
    templates = template.synthesize_all(selection)
    with world.begin(templates, policy=project.policy, region=selection.target.region) as judgement:
        findings = judgement.findings()
        engines = dict(judgement.engines)
    verdict = plan.policy_verdict(findings)
    name = selection.environment.name
    return Report(
        verb="check",
        environment=name,
        body=Checked(environment=name, findings=findings, engines=engines, verdict=verdict),
        exit_code=ExitCode.FINDINGS if verdict.blocked else ExitCode.DONE,
    )
