"""A past for a_selection(): readings of CloudWatch and lines of a bill, and the report on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from builders import ENVIRONMENT, a_project, a_selected_model, a_selection, a_stack, a_variant, an_environment
from built import built
from drifting import FakeObservers
from fakes import NOW, FakeBills, FakeStacks, FakeUsage, a_world
from msgspec.structs import replace

from esmcfn.domain.audit import Activity, Audit, Charge, Metric, Readings, Series, VariantId
from esmcfn.domain.drift import ListedEndpoint, Reading
from esmcfn.domain.endpoint import ObservedVariant
from esmcfn.domain.report import Report
from esmcfn.domain.stack import VARIANT_NAME, ModelStack, Selection
from esmcfn.errors import AccessDenied
from esmcfn.inputs.editing import with_parked
from esmcfn.verbs.cost.auditing import audit

DAYS = 14
START = datetime(2026, 11, 7, tzinfo=UTC)
"""The first moment of the fourteen days before NOW."""

OLD = START - timedelta(days=30)
LARGE = {"variant": a_variant(instance_type="ml.g5.12xlarge"), "supported_instance_types": ("ml.g5.2xlarge",)}


def series(
    value: float = 1.0, *, days: Iterable[int] = range(DAYS), hours: Iterable[int] = (9,), **changes: bool
) -> Series:
    """The same value at these hours of these days of the window."""
    hours = tuple(hours)
    moments = (START + timedelta(days=day, hours=hour) for day in days for hour in hours)
    return replace(Series(points=dict.fromkeys(moments, value)), **changes)


def readings(stack: ModelStack, said: Mapping[Metric, Series]) -> Readings:
    """What CloudWatch says about the one variant of a stack."""
    return {(VariantId(stack.endpoint_name, VARIANT_NAME), metric): found for metric, found in said.items()}


WORKING = {Metric.CPU: series(4.0)}
"""It reported every day."""

CALLED = {**WORKING, Metric.INVOCATIONS: series(3.0, hours=range(8, 18)), Metric.LATENCY: series(250_000.0)}
STRONG = {Metric.GPU: series(60.0), Metric.GPU_MEMORY: series(70.0), Metric.MEMORY: series(10.0)}


def report(
    *stacks: ModelStack,
    said: Mapping[str, Mapping[Metric, Series]] | None = None,
    created: Mapping[str, datetime] | None = None,
    bills: FakeBills | None = None,
    usage: FakeUsage | None = None,
    deployed: Selection | None = None,
    edit: object = None,
    billed: bool = True,
    days: int = DAYS,
    by_hand: Callable[[FakeStacks, FakeObservers], None] | None = None,
) -> Report:
    """What `audit` says of these stacks, all deployed and all but the named ones old.

    Args:
        said: model to what CloudWatch says of its variant.
        created: model to when its endpoint was made.
        deployed: what is deployed, where that is something else.
        by_hand: what somebody did meanwhile; drift is asked for where it is given.
    """
    selection = a_selection(*stacks)
    there = FakeStacks(*built(deployed or selection))
    for stack in (deployed or selection).models:
        for number, endpoint in enumerate(there.endpoints.there.get(stack.endpoint_name, ())):
            assert endpoint
            variant = replace_variant(stack.variant.name)
            made = (created or {}).get(stack.model, OLD)
            there.endpoints.there[stack.endpoint_name][number] = replace(endpoint, variants=variant, created_at=made)
    answers: dict[tuple[VariantId, Metric], Series] = {}
    for stack in stacks:
        answers |= readings(stack, (said or {}).get(stack.model, {}))
    project = a_project(environment=an_environment(*(a_selected_model(stack.model) for stack in stacks)))
    observers = FakeObservers(there)
    if by_hand:
        by_hand(there, observers)
    world = a_world(stacks=there, usage=usage or FakeUsage(answers), bills=bills or FakeBills(), observers=observers)
    return audit(
        project,
        selection,
        world,
        days=days,
        billed=billed,
        edit=edit or edited(stacks),  # type: ignore[arg-type]
        drifting=by_hand is not None,
    )


def many_hands(there: FakeStacks, observers: FakeObservers) -> None:
    """Instances added, a configuration gone, a policy attached, models that nobody may read, three endpoints beside."""
    busy = there.there["esm-dev-busy"][0].outputs["EndpointName"]
    config_of_wide = there.there["esm-dev-wide"][0].outputs["EndpointConfigName"]
    (endpoint,) = there.endpoints.there[busy]
    more = ObservedVariant(name=VARIANT_NAME, current_count=3, desired_count=3, desired_weight=1.0)
    there.endpoints.there[busy] = [replace(endpoint, variants=(more,))]
    observers.there["AWS::SageMaker::EndpointConfig", config_of_wide] = None
    role = observers.read("AWS::IAM::Role", "esm-sagemaker-exec-dev")
    admin = {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}
    observers.there["AWS::IAM::Role", "esm-sagemaker-exec-dev"] = replace(role, properties={**role.properties, **admin})
    observers.fail["AWS::SageMaker::Model"] = AccessDenied("missing permission: sagemaker:DescribeModel")
    for number, (kind, count) in enumerate((("ml.g5.12xlarge", 2), ("ml.g5.xlarge", 1), ("ml.x9.huge", 1))):
        name, config = f"Notebook-demo-{number}", f"Notebook-demo-config-{number}"
        variant = {"VariantName": "a", "InstanceType": kind, "InitialInstanceCount": count}
        observers.there["AWS::SageMaker::EndpointConfig", config] = Reading(
            properties={"ProductionVariants": [variant]}
        )
        running = ObservedVariant(name="a", current_count=count, desired_count=count)
        there.endpoints.serve(name, config, variants=(running,))
        arn = f"arn:aws:sagemaker:us-east-2:123456789012:endpoint/{name.lower()}"
        made = NOW - timedelta(days=400 - 150 * number, hours=5)
        observers.listed += (ListedEndpoint(name=name, arn=arn, status="InService", created_at=made),)
        observers.tagged[arn] = {"Owner": "somebody"}


def replace_variant(name: str):
    return (ObservedVariant(name=name, current_count=1, desired_count=1, weight=1.0),)


def edited(stacks: Iterable[ModelStack]):
    """The file of an environment that selects these, and the same with some of them parked."""
    text = "environment: dev\nselected_models:\n" + "".join(
        f"  {stack.model}:\n    selector: ESMC-300M  # as reviewed\n" for stack in stacks
    )
    return lambda keys: (text, with_parked(text, keys, parked=True, path=ENVIRONMENT))


def charge(month: int, usd: str, model: str = "busy", usage_type: str = "USE2-Host:ml.g5.2xlarge") -> Charge:
    return Charge(month=date(2026, month, 1), model=model, usage_type=usage_type, usd=Decimal(usd))


def seeded(*more: ModelStack) -> Report:
    """One of each: busy, idle, silent, parked, new, on too many GPUs; with a bill of three months."""
    stacks = (
        a_stack("busy"),
        a_stack("idle"),
        a_stack("silent"),
        a_stack("parked", parked=True),
        a_stack("fresh"),
        a_stack("wide", **LARGE),
        *more,
    )
    wide = {**WORKING, **STRONG, Metric.INVOCATIONS: series(1.0, hours=range(24))}
    return report(
        *stacks,
        said={"busy": CALLED, "idle": WORKING, "wide": wide, **{stack.model: CALLED for stack in more}},
        created={"fresh": NOW - timedelta(days=2), "busy": datetime(2026, 9, 15, tzinfo=UTC)},
        bills=FakeBills(
            charge(9, "590.85"),
            charge(10, "1127.16"),
            charge(11, "727.20"),
            charge(11, "12.00", usage_type="USE2-DataProcessing-In"),
            charge(10, "909.00", "idle"),
            charge(11, "727.20", "idle"),
            charge(11, "0.40", "", "USE2-AWSSecretsManager-Secrets"),
        ),
        by_hand=many_hands,
    )


def body(found: Report) -> Audit:
    assert isinstance(found.body, Audit)
    return found.body


def activities(found: Report) -> dict[str, Activity]:
    return {model.model: model.activity for model in body(found).models}
