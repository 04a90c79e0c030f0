"""An environment, freshly deployed, that drifts as a test says; and what the verb finds."""

from __future__ import annotations

from builders import a_base_stack, a_project, a_selection, a_service_account
from built import built
from drifting import FakeDetections, FakeObservers
from fakes import FakeStacks, a_world
from msgspec.structs import replace

from esmcfn import drift
from esmcfn.domain.drift import Reading
from esmcfn.domain.endpoint import ObservedVariant
from esmcfn.domain.project import Policy
from esmcfn.verbs.drift.drifting import find_drift

ONE = a_selection(base=a_base_stack(service_account=a_service_account()))


MODEL = "esm-dev-prototype-model"


NAME = ONE.models[0].endpoint_name


ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


class Account:
    """A selection, freshly deployed: whatever a template says is there."""

    def __init__(self, selection=ONE):
        self.selection = selection
        self.stacks = FakeStacks(*built(selection))
        self.detections = FakeDetections(self.stacks)
        self.observers = FakeObservers()
        self.told: list[str] = []
        for name, (_, body) in self.stacks.there.items():
            listed = self.detections._listed(name)
            for each in drift.expected(body, listed, selection.target).values():
                reading = Reading(properties=dict(each.properties), tags=each.tags)
                self.observers.there[each.resource.resource_type, each.name] = reading
                self.observers.tagged[each.resource.physical_id] = each.tags or {}
        for model in selection.models:
            if not model.parked:
                said = self.stacks.endpoints.there[model.endpoint_name][0]
                running = ObservedVariant(name="variant-1", desired_count=1, current_count=1, desired_weight=1.0)
                self.stacks.endpoints.there[model.endpoint_name] = [replace(said, variants=(running,))]

    def change(self, kind, name, **properties):
        """Somebody changed it by hand."""
        there = self.observers.there[kind, name]
        self.observers.there[kind, name] = replace(there, properties={**there.properties, **properties})

    def drift(self, selection=None, *, waivers=(), **options):
        world = replace(
            a_world(stacks=self.stacks, detections=self.detections, observers=self.observers),
            progress=self.told.append,
        )
        project = a_project(policy=Policy(waivers=tuple(waivers), known=("dev",)))
        return find_drift(project, selection or self.selection, world, **options)


def attach(account):
    account.change("AWS::IAM::Role", "esm-sagemaker-exec-dev", ManagedPolicyArns=[ADMIN])


def lengthen(account):
    """A change that anybody may sign for."""
    account.change("AWS::IAM::Role", "esm-sagemaker-exec-dev", MaxSessionDuration=7200)


def states(report):
    return {each.logical_id: each.state for each in report.body.resources}
