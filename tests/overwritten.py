"""An environment that was freshly deployed and then changed by hand, and what a plan says of it."""

from __future__ import annotations

import json
from copy import deepcopy

from builders import a_base_stack, a_container, a_project, a_selection, a_stack, a_variant
from built import built, template_of
from drifting import FakeDetections, FakeObservers
from fakes import FakeStacks, a_world
from msgspec.structs import replace

from esmcfn import plan
from esmcfn.domain.endpoint import ObservedVariant
from esmcfn.template import digest_of
from esmcfn.verbs.plan.planning import Manner, make_plan

CONTAINER = a_container(environment={"API_TOKEN": "deployed"})


ONE = a_selection(a_stack(package="", container=CONTAINER), base=a_base_stack())


MODEL = "esm-dev-prototype-model"


CONFIG, ENDPOINT = "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint"


def selection(**changes):
    """The same model, otherwise."""
    changes.setdefault("variant", ONE.models[0].variant)
    return replace(ONE, models=(replace(ONE.models[0], **changes),))


BIGGER = selection(variant=a_variant(instance_type="ml.g5.4xlarge"))


NAMES = template_of(ONE.models[0]).names


class Account:
    """ONE, freshly deployed."""

    def __init__(self, deployed=ONE):
        self.deployed = deployed
        self.stacks = FakeStacks(*built(deployed))
        self.detections = FakeDetections(self.stacks)
        self.observers = FakeObservers(self.stacks)
        self.runs(1)

    def runs(self, count, **changes):
        """So many instances run behind the endpoint."""
        variant = ObservedVariant(name="variant-1", current_count=count, desired_count=count, desired_weight=1.0)
        (said,) = self.stacks.endpoints.there[NAMES["Endpoint"]]
        self.stacks.endpoints.there[NAMES["Endpoint"]] = [replace(said, variants=(variant,), **changes)]

    def told(self, kind, logical_id, **properties):
        """A service says otherwise than deployed."""
        name = NAMES.get(logical_id, logical_id)
        said = self.observers.read(kind, name)
        assert said
        self.observers.there[kind, name] = replace(said, properties={**said.properties, **properties})
        self.observers.calls.clear()

    def writes(self, stack, logical_id, **properties):
        """The deployed template has more, which no reader of ours knows."""
        deployed, body = self.stacks.there[stack]
        body = deepcopy(dict(body))
        body["Resources"][logical_id]["Properties"].update(properties)
        self.stacks.there[stack] = (replace(deployed, digest=digest_of(body)), body)

    def tag(self, logical_id, **tags):
        (arn,) = (
            each.resource.physical_id for each in self.observers._deployed() if each.resource.logical_id == logical_id
        )
        self.observers.tagged[arn] = {**self.observers.tags(arn), **tags}

    def plan(self, wanted=BIGGER, **options):
        world = a_world(stacks=self.stacks, detections=self.detections, observers=self.observers)
        return make_plan(a_project(), wanted, world, Manner(**options))

    def drift(self, wanted=BIGGER, *, stack=MODEL, **options):
        """What the plan says of one stack's drift."""
        return next(each for each in self.plan(wanted, **options).body.stacks if each.name == stack).drift


def fates(drift):
    """(logical id, path) to now, deployed, planned and what becomes of it; resources as a whole without a path."""
    found = {}
    for each in drift.found:
        for said in each.properties:
            found[each.logical_id, said.path] = (said.now, said.deployed, said.planned, said.fate)
        if not each.properties:
            found[each.logical_id] = (each.state, each.fate)
    return found


COUNT = ("Endpoint", "Variants/variant-1/DesiredInstanceCount")


def plan_of(account, template, **endpoint):
    """What becomes of drift where the built endpoint says more than ours do."""
    from esmcfn.domain.project import SANDBOX_ACCOUNT
    from esmcfn.verbs.drift.looking import Looking
    from esmcfn.verbs.plan.comparing import Comparing
    from esmcfn.verbs.plan.reading import Pair

    body = json.loads(template.text)
    body["Resources"]["Endpoint"]["Properties"].update(endpoint)
    stack, deployed = account.stacks.there[MODEL]
    cloud = a_world(stacks=account.stacks, detections=account.detections, observers=account.observers).connect()
    built = replace(template, body=body)
    pair = Pair(template=built, deployed=stack, body=deployed)
    made = plan.stack_plan(built, stack, body=deployed, change_set=None)
    assert SANDBOX_ACCOUNT in stack.stack_id
    with Comparing(Looking(selection=BIGGER, cloud=cloud), [pair]) as comparing:
        (told,) = comparing.told([made])
    return told.drift
