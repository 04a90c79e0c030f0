"""audit through the real adapters, over HTTP, on months of metrics and costs; only time is a fake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from builders import a_project, a_selected_model, a_selection, a_stack, a_variant, an_environment
from fakes import a_world
from msgspec.structs import replace

from esmcfn.aws import Reach, connect
from esmcfn.aws.usage import QUERIES_A_CALL
from esmcfn.domain.audit import Activity, Metric, VariantId, Window
from esmcfn.domain.stack import ModelStack
from esmcfn.errors import AccessDenied, CloudError
from esmcfn.sandbox.faults import action_name
from esmcfn.template import synthesize
from esmcfn.verbs.cost.auditing import audit

from .conftest import World

DAY = timedelta(days=1)
HOST = "USE2-Host:ml.g5.2xlarge"

BUSY, IDLE, SILENT = a_stack("busy"), a_stack("idle"), a_stack("silent")
PARKED = a_stack("parked", parked=True)
NEW = a_stack("fresh")
WIDE = a_stack(
    "wide",
    variant=a_variant(instance_type="ml.g5.12xlarge"),
    supported_instance_types=("ml.g5.2xlarge", "ml.g5.12xlarge"),
)
ALL = a_selection(BUSY, IDLE, SILENT, PARKED, NEW, WIDE)


class Audited:
    """An environment in the sandbox with a past."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cloud = connect(
            Reach(
                region="us-east-2",
                endpoint_url=world.sandbox.endpoint_url,
                credentials=("sandbox", "sandbox"),
                attempts=1,
            )
        )
        self.called: list[str] = []

    def put(self, *stacks: ModelStack) -> None:
        for stack in stacks:
            template = synthesize(stack)
            tags = [{"Key": key, "Value": value} for key, value in stack.tags.items()]
            self.world.deploy(stack.name, template.text, Tags=tags)
        self.world.advance(3600)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.sandbox.world.clock.now(), tz=UTC).replace(microsecond=0)

    @property
    def today(self) -> datetime:
        return self.now.replace(hour=0, minute=0, second=0)

    def tell(self, stack: ModelStack, metric: str, points: Iterator[tuple[datetime, float]], **dimensions: str) -> None:
        """Put data points of a variant into CloudWatch."""
        names = dimensions or {"EndpointName": stack.endpoint_name, "VariantName": stack.variant.name}
        here = metric in {"Invocations", "ModelLatency"}
        told = list(points)
        for at in range(0, len(told), 200):
            self.world.client("cloudwatch").put_metric_data(
                Namespace="AWS/SageMaker" if here else "/aws/sagemaker/Endpoints",
                MetricData=[
                    {
                        "MetricName": metric,
                        "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
                        "Timestamp": moment,
                        "Value": value,
                    }
                    for moment, value in told[at : at + 200]
                ],
            )

    def days(self, value: float, *, hours: range = range(9, 10), days: int = 14) -> Iterator[tuple[datetime, float]]:
        """The same value at these hours of every day before today."""
        for day in range(1, days + 1):
            for hour in hours:
                yield self.today - day * DAY + timedelta(hours=hour, minutes=5), value

    def watched(self) -> None:
        """Write down every call of an operation."""
        faults = self.world.sandbox.world.faults
        before = type(faults).before_call

        def listening(service: str, operation: str) -> None:
            self.called.append(action_name(service, operation))
            before(faults, service, operation)

        faults.before_call = listening

    def audit(self, selection=ALL, *, days: int = 14, billed: bool = True):
        models = [a_selected_model(stack.model) for stack in selection.models]
        project = a_project(environment=an_environment(*models))
        world = replace(a_world(), connect=lambda: self.cloud, now=self.now)

        def edit(keys):
            return "".join(f"{key}:\n" for key in keys), "".join(f"{key}:\n  parked: true\n" for key in keys)

        return audit(project, selection, world, days=days, billed=billed, edit=edit).body


@pytest.fixture
def past(world: World) -> Iterator[Audited]:
    yield Audited(world)
    vars(world.sandbox.world.faults).pop("before_call", None)


@pytest.fixture
def seeded(past: Audited) -> Audited:
    """Twenty days with one busy, one idle, one that reports nothing, one parked, one on too many GPUs; one is new."""
    past.put(BUSY, IDLE, SILENT, PARKED, WIDE)
    past.world.advance(20 * 86_400)
    past.put(NEW)
    past.tell(BUSY, "Invocations", past.days(3, hours=range(8, 18)))
    past.tell(BUSY, "ModelLatency", past.days(250_000, hours=range(8, 18)))
    past.tell(WIDE, "Invocations", past.days(1, hours=range(24)))
    past.tell(WIDE, "GPUUtilization", past.days(60))
    past.tell(WIDE, "GPUMemoryUtilization", past.days(70))
    past.tell(WIDE, "MemoryUtilization", past.days(10))
    for stack in (BUSY, IDLE, WIDE):
        past.tell(stack, "CPUUtilization", past.days(4))
    return past


def of(body, model):
    return next(found for found in body.models if found.model == model)


class TestActivity:
    def test_each_is_told_from_the_others(self, seeded):
        body = seeded.audit(billed=False)
        assert {model.model: model.activity for model in body.models} == {
            "busy": Activity.BUSY,
            "idle": Activity.IDLE,
            "silent": Activity.NO_DATA,
            "parked": Activity.PARKED,
            "fresh": Activity.TOO_NEW,
            "wide": Activity.BUSY,
        }
        assert of(body, "busy").calls == 3 * 10 * 14
        assert of(body, "silent").calls is None
        assert of(body, "busy").variants[0].latency_ms == 250
        assert body.patch.models == ("idle",)
        assert body.saving_monthly == of(body, "idle").expected_monthly == Decimal("1.515") * 730

    def test_utilisation_is_a_share_of_all_gpus(self, seeded):
        (use,) = of(seeded.audit(billed=False), "wide").variants
        assert (use.gpu_percent, use.gpu_memory_percent, use.memory_percent) == (15, 17.5, 10)

    def test_what_is_published_under_one_name_alone_is_no_call_of_the_variant(self, past):
        past.put(IDLE)
        past.world.advance(20 * 86_400)
        past.tell(IDLE, "Invocations", past.days(5), EndpointName=IDLE.endpoint_name)
        assert past.audit(a_selection(IDLE), billed=False).models[0].activity is Activity.NO_DATA

    def test_a_missing_permission_is_a_state_of_its_own(self, seeded):
        seeded.world.sandbox.world.faults.add("access-denied", {"action": "cloudwatch:GetMetricData"})
        body = seeded.audit(billed=False)
        assert of(body, "idle").activity is of(body, "fresh").activity is Activity.DENIED
        assert "cloudwatch:GetMetricData" in of(body, "idle").why
        assert of(body, "parked").activity is Activity.PARKED
        assert body.patch.text == ""

    def test_cloudwatch_out_of_order_makes_nothing_idle(self, seeded):
        seeded.world.sandbox.world.faults.add("server-error", {"action": "cloudwatch:GetMetricData"})
        assert of(seeded.audit(billed=False), "idle").activity is Activity.UNKNOWN

    def test_an_endpoint_that_may_not_be_seen_is_denied(self, past):
        past.put(IDLE)
        past.world.sandbox.world.faults.add("access-denied", {"action": "sagemaker:DescribeEndpoint"})
        assert past.audit(a_selection(IDLE), billed=False).models[0].activity is Activity.DENIED


class TestCalls:
    def test_a_hundred_variants_are_two_calls_of_cloudwatch_at_most(self, past):
        past.world.sandbox.world.faults.add("throttle", {"action": "cloudwatch:GetMetricData", "after": 2})
        variants = [VariantId(f"endpoint-{number}", "variant-1") for number in range(100)]
        found = past.cloud.usage.measure(variants, Window(start=past.today - 14 * DAY, days=14))
        assert len(found) == 100 * len(Metric) > QUERIES_A_CALL
        with pytest.raises(CloudError, match="Rate exceeded"):
            past.cloud.usage.measure(variants[:1], Window(start=past.today - 14 * DAY, days=14))


class TestBill:
    def cost(self, past: Audited, days_ago: int, usd: str, model: str | None, *, environment: str = "dev") -> dict:
        tags = {"esmcfn:environment": environment, **({"esmcfn:model": model} if model else {})}
        day = (past.today - days_ago * DAY).date()
        return {"date": day.isoformat(), "usd": usd, "usage_type": HOST, "tags": tags if environment else {}}

    def seed(self, past: Audited, *costs: dict) -> None:
        past.world.sandbox.world.seeds.add({"costs": list(costs)})

    def test_what_is_tagged_is_billed_by_month_and_model_in_one_request(self, seeded):
        self.seed(
            seeded,
            *(self.cost(seeded, day, "36.36", "busy") for day in range(1, 61)),
            self.cost(seeded, 1, "0.40", None),
            self.cost(seeded, 1, "99.00", "busy", environment="prod"),
        )
        seeded.watched()
        body = seeded.audit()
        assert seeded.called.count("ce:GetCostAndUsage") == body.bill.requests == 1
        assert body.bill.price_usd == Decimal("0.01")
        billed = sum(month.actual for month in body.months if month.actual and month.model == "busy")
        covered = sum((seeded.today - day * DAY).date() >= body.bill.start for day in range(1, 61))
        assert billed == Decimal("36.36") * covered
        assert [month.actual for month in body.months if month.model == "" and month.actual] == [Decimal("0.40")]
        assert body.bill.untagged_usd is None

    def test_nothing_tagged_is_explained_by_a_second_request(self, past):
        past.put(IDLE)
        self.seed(past, self.cost(past, 1, "12.00", None, environment=""))
        past.watched()
        body = past.audit(a_selection(IDLE))
        assert past.called.count("ce:GetCostAndUsage") == body.bill.requests == 2
        assert body.bill.untagged_usd == 12
        assert any("cost allocation tags" in note for note in body.notes)
        assert all(month.actual is None for month in body.months)

    def test_nothing_spent_at_all_is_an_answer_too(self, past):
        past.put(IDLE)
        assert past.audit(a_selection(IDLE)).bill.untagged_usd == 0

    def test_a_bill_that_may_not_be_read_leaves_the_rest(self, seeded):
        seeded.world.sandbox.world.faults.add("access-denied", {"action": "ce:GetCostAndUsage"})
        body = seeded.audit()
        assert body.bill is None
        assert "ce:GetCostAndUsage" in body.why_no_bill
        assert of(body, "idle").activity is Activity.IDLE

    def test_without_leave_cost_explorer_is_not_asked(self, past):
        past.put(IDLE)
        past.watched()
        assert past.audit(a_selection(IDLE), billed=False).bill is None
        assert "ce:GetCostAndUsage" not in past.called


def test_what_is_deployed_must_be_readable(past):
    past.world.sandbox.world.faults.add("access-denied", {"action": "cloudformation:DescribeStacks"})
    with pytest.raises(AccessDenied):
        past.audit(a_selection(IDLE))
