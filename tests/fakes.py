"""Small working stand-ins for the ports: real rules, no network, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from types import TracebackType
from typing import Any

import msgspec
from drifting import FakeDetections, FakeObservers
from msgspec.structs import replace

from esmcfn.domain.audit import Bill, Charge, Metric, Readings, Series, VariantId, Window
from esmcfn.domain.changeset import ChangeSet, ProposedChange, Reviewed
from esmcfn.domain.cost import HostedVariant, Price
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.deployment import Execution, StackEvent
from esmcfn.domain.endpoint import ContainerLog, LogLine, ObservedEndpoint
from esmcfn.domain.examination import Asked, Package
from esmcfn.domain.finding import Finding
from esmcfn.domain.project import SANDBOX_ACCOUNT, Policy
from esmcfn.domain.report import Report
from esmcfn.domain.standing import Survey
from esmcfn.domain.template import Template
from esmcfn.domain.waiver import Writers
from esmcfn.errors import CloudError, StalePlanError
from esmcfn.plan import compare
from esmcfn.ports import Cloud, Heard
from esmcfn.verbs.world import DEPLOY, Question, Stop, World

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

_THEIR_WORDS = {
    "add": ("Add", ""),
    "modify": ("Modify", "False"),
    "replace": ("Modify", "True"),
    "delete": ("Remove", ""),
}


class FakeStacks:
    """CloudFormation in a dict.

    Attributes:
        there: name to what is deployed.
        open: ARNs of change sets that nobody has executed or discarded.
        calls: names of the methods that were called, in order.
        fail: method name to the error that it raises.
        drifted: stack name to what a change set that reverts drift finds, in the place of what the templates say.
        reverting: change sets that revert drift, by ARN.
    """

    def __init__(self, *deployed: Template, account: str = SANDBOX_ACCOUNT) -> None:
        self.account = account
        self.there: dict[str, tuple[DeployedStack, Mapping[str, object]]] = {}
        self.open: dict[str, Template] = {}
        self.calls: list[str] = []
        self.fail: dict[str, BaseException] = {}
        self.edit: Callable[[ChangeSet], ChangeSet] = lambda change_set: change_set
        self.ends: dict[str, Execution] = {}
        self.endpoints = FakeEndpoints()
        self.of_others: tuple[str, ...] = ()
        self.of_other_environments: Mapping[str, tuple[str, ...]] = {}
        self.strange: tuple[str, ...] = ()
        self.drifted: dict[str, tuple[ProposedChange, ...]] = {}
        self.reverting: dict[str, ChangeSet] = {}
        for template in deployed:
            self.deploy(template)

    def deploy(self, template: Template, *, status: str = "CREATE_COMPLETE") -> None:
        name = template.stack.name
        stack = DeployedStack(
            name=name,
            stack_id=self._arn("stack", name),
            status=status,
            digest=template.digest,
            model=template.stack.model,
            outputs=_outputs(template),
        )
        self.there[name] = (stack, _copied(template.body))
        if "Endpoint" in template.names:
            self.endpoints.serve(template.names["Endpoint"], template.names["EndpointConfig"])

    def change(self, name: str, **changes: object) -> None:
        """Something about a deployed stack is otherwise: its status, its digest, its protection."""
        stack, body = self.there[name]
        self.there[name] = (replace(stack, **changes), body)  # type: ignore[arg-type]

    def deployed(self, *, base_name: str, environment: str) -> tuple[DeployedStack, ...]:
        self._called("deployed")
        fits = (name for name in sorted(self.there) if name == base_name or name.startswith(f"{base_name}-"))
        return tuple(self.there[name][0] for name in fits)

    def survey(self, *, base_name: str, environment: str) -> Survey:
        ours = self.deployed(base_name=base_name, environment=environment)
        return Survey(ours=ours, others=self.of_other_environments)

    def template(self, stack: DeployedStack) -> Mapping[str, object] | None:
        self._called("template")
        return self.there[stack.name][1]

    def propose(self, template: Template, deployed: DeployedStack | None, *, revert: bool = False) -> ChangeSet:
        self._called("propose")
        name = template.stack.name
        body = self.there[name][1] if name in self.there and deployed else None
        changes = tuple(
            ProposedChange(
                logical_id=change.logical_id,
                resource_type=change.resource_type,
                physical_id=change.physical_id or "",
                action=_THEIR_WORDS[change.action][0],
                replacement=_THEIR_WORDS[change.action][1],
            )
            for change in compare(template, body)
        )
        reverts = revert and deployed is not None
        if reverts:
            listed = {change.logical_id: change for change in (*changes, *self.drifted.get(name, ()))}
            changes = tuple(listed[logical_id] for logical_id in sorted(listed))
        arn = self._arn("changeSet", f"esmcfn-{len(self.calls)}-{name}")
        self.open[arn] = template
        made = self.edit(
            ChangeSet(
                arn=arn,
                name=arn.split("/")[-2],
                stack_name=name,
                stack_id=self._arn("stack", name),
                new_stack=deployed is None,
                empty=deployed is not None and not changes,
                changes=changes,
                reverts=reverts,
            )
        )
        if reverts:  # it knows what drifted when it was made
            self.reverting[arn] = made
        return made

    def discard(self, change_set: ChangeSet) -> None:
        self._called("discard")
        self.open.pop(change_set.arn, None)

    def reviewed(self, change_set_id: str) -> Reviewed:
        self._called("reviewed")
        if change_set_id not in self.open:
            raise StalePlanError("the change set is gone")
        template = self.open[change_set_id]
        there = self.there.get(template.stack.name)
        before = len(self.calls)
        read = self.reverting.get(change_set_id) or self.propose(template, there[0] if there else None)
        if read.arn != change_set_id:
            self.open.pop(read.arn)
        del self.calls[before:]
        return Reviewed(
            change_set=replace(read, arn=change_set_id),
            template=template.body,
            created_at=NOW,
            tags=template.stack.tags,
            strange=self.strange,
        )

    def others(self, stack_id: str) -> tuple[str, ...]:
        self._called("others")
        return self.of_others

    def holder(self, stack_id: str) -> str:
        self._called("holder")
        return "UPDATE_IN_PROGRESS since 12:00:00 UTC by somebody"

    def execute(self, change_set_id: str, stack_id: str, heard: Heard, *, within: float) -> Execution:
        self._called("execute")
        if change_set_id not in self.open:
            raise StalePlanError("the change set is gone")
        template = self.open.pop(change_set_id)
        name = template.stack.name
        end = self.ends.get(name, Execution(status="UPDATE_COMPLETE" if name in self.there else "CREATE_COMPLETE"))
        if end.succeeded:
            self.deploy(template, status=end.status)
        for event in end.events:
            heard(event)
        return end

    def delete(self, stack_id: str, heard: Heard, *, within: float) -> Execution:
        self._called("delete")
        name = stack_id.split("/")[-2]
        end = self.ends.get(f"delete {name}", Execution(status="DELETE_COMPLETE"))
        if end.succeeded:
            self.there.pop(name)
        return end

    def recover(self, stack: DeployedStack, heard: Heard, *, within: float, skip: Sequence[str] = ()) -> Execution:
        self._called("recover")
        end = self.ends.get(f"recover {stack.name}", Execution(status="UPDATE_ROLLBACK_COMPLETE"))
        self.change(stack.name, status=end.status)
        return end

    def cancel(self, stack_id: str) -> None:
        self._called("cancel")

    def protect(self, stack_id: str, on: bool) -> None:
        self._called("protect")
        self.change(stack_id.split("/")[-2], termination_protection=on)

    def stop(self) -> None:
        self._called("stop")

    def go_on(self) -> None:
        self._called("go_on")

    def clear(self, stack_id: str) -> bool:
        self._called("clear")
        return True

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fail:
            raise self.fail[name]

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:cloudformation:us-east-2:{self.account}:{kind}/{name}/1"


def an_event(logical_id: str, status: str, **changes: object) -> StackEvent:
    """One event; every one has an id of its own and comes a second after the one before."""
    number = next(_EVENTS)
    event = StackEvent(
        event_id=str(number),
        at=NOW + timedelta(seconds=number),
        logical_id=logical_id,
        resource_type="AWS::SageMaker::Endpoint",
        status=status,
        reason="",
    )
    return replace(event, **changes)  # type: ignore[arg-type]


_EVENTS = count()


class FakeQuotas:
    """The account's quotas in a dict; every type that is not named has a thousand."""

    def __init__(self, limits: Mapping[str, int] | None = None, in_use: Mapping[str, int] | None = None) -> None:
        self._limits, self._in_use = limits or {}, in_use or {}
        self.fail: BaseException | None = None
        self.asked = 0

    def limits(self) -> Mapping[str, int]:
        self.asked += 1
        if self.fail:
            raise self.fail
        return _Every(1000, self._limits)

    def in_use(self, *, besides: frozenset[str]) -> Mapping[str, int]:
        return self._in_use


class _Every(dict[str, int]):
    """A mapping that knows every key."""

    def __init__(self, default: int, known: Mapping[str, int]) -> None:
        super().__init__(known)
        self._default = default

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> int:
        return self._default


class FakePerson:
    """Answers as it was told to."""

    def __init__(self, *, agrees: bool = True, consents: bool = True, stops: Sequence[Stop] = ()) -> None:
        self._agrees, self._consents = agrees, consents
        self._stops = list(stops)
        self.asked: list[str] = []
        self.told: list[str] = []
        self.questions: list[Question] = []

    def agrees(self, plan: Report, question: Question = DEPLOY) -> bool:
        self.asked.append("plan")
        self.questions.append(question)
        return self._agrees

    def consents(self, consequence: str) -> bool:
        self.asked.append(consequence)
        return self._consents

    def tell(self, line: str) -> None:
        self.told.append(line)

    def interrupted(self, running: Sequence[str], updates: Sequence[str]) -> Stop:
        self.asked.append(f"stop {', '.join(running)}")
        return self._stops.pop(0) if self._stops else Stop.LEAVE


class FakeWatch:
    """Writes down what it is shown."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.starting: set[str] = set()

    def stage(self, stack: str, stage: str, *, waits_for: str = "", starts: bool = False) -> None:
        self.lines.append(f"{stack} {stage}")
        if starts:
            self.starting.add(stack)

    def ended(self, stack: str, how: str, *, well: bool) -> None:
        self.lines.append(f"{stack} {'well' if well else 'badly'} {how}")


def _copied(body: Mapping[str, object]) -> Mapping[str, object]:
    """A template of one's own, by the way it takes to CloudFormation: as text."""
    copy: dict[str, object] = msgspec.json.decode(msgspec.json.encode(body))
    return copy


def _outputs(template: Template) -> Mapping[str, str]:
    """The Outputs of a stack, once it is there."""
    region, suffix = template.stack.target.region, template.stack.target.url_suffix
    ids = {
        "ExecutionRole": template.names.get("ExecutionRole", ""),
        "InvokeUser": template.names.get("InvokeUser", ""),
        "InvokeAccessKey": "key-id-of-the-shared-user",
        "InvokeSecret": f"arn:aws:secretsmanager:{region}:123456789012:secret:InvokeSecret-1",
    }

    def resolved(value: Any) -> str:
        match value:
            case {"Ref": name}:
                return ids.get(name, f"id-of-{name}")
            case {"Fn::GetAtt": [name, "Arn"]}:
                return f"arn:aws:iam::123456789012:role/{ids.get(name, name)}"
            case {"Fn::GetAtt": [name, _]}:
                return template.names[name]
            case {"Fn::Sub": text}:
                return text.replace("${AWS::Region}", region).replace("${AWS::URLSuffix}", suffix)
        return str(value)

    return {name: resolved(output["Value"]) for name, output in dict(template.body["Outputs"]).items()}  # type: ignore[call-overload]


class FakeEndpoints:
    """SageMaker's hosting in a dict.

    Attributes:
        there: name to what SageMaker says; a list is what it says one time after the other, its last for ever.
        logs: name to what the containers wrote; a name that is not here has no log group.
        fail: method name to the error that it raises.
    """

    def __init__(self, *there: ObservedEndpoint) -> None:
        self.there: dict[str, list[ObservedEndpoint | None]] = {endpoint.name: [endpoint] for endpoint in there}
        self.logs: dict[str, tuple[LogLine, ...]] = {}
        self.fail: dict[str, BaseException] = {}

    def serve(self, name: str, config_name: str, **changes: object) -> None:
        """An endpoint is in service on a configuration, or otherwise."""
        endpoint = ObservedEndpoint(
            name=name, status="InService", config_name=config_name, created_at=NOW, modified_at=NOW
        )
        self.there[name] = [replace(endpoint, **changes)]  # type: ignore[arg-type]

    def observe(self, name: str) -> ObservedEndpoint | None:
        if "observe" in self.fail:
            raise self.fail["observe"]
        said = self.there.get(name, [None])
        return said.pop(0) if len(said) > 1 else said[0]

    def delete_log(self, name: str) -> None:
        self.logs.pop(name, None)

    def log(self, name: str, *, since: datetime | None = None, most: int = 20) -> ContainerLog:
        if "log" in self.fail:
            raise self.fail["log"]
        if name not in self.logs:
            return ContainerLog(started=False, exists=False)
        fresh = [line for line in self.logs[name] if since is None or line.at >= since]
        return ContainerLog(started=True, lines=tuple(fresh[-most:]))


class FakeUsage:
    """CloudWatch in a dict.

    Attributes:
        said: what it says about which metric of which variant; of anything else it has no data.
        asked: the variants of every question, in order.
        fail: the error that it raises, None where it answers.
    """

    def __init__(self, said: Readings | None = None) -> None:
        self.said: Readings = said or {}
        self.asked: list[tuple[VariantId, ...]] = []
        self.fail: BaseException | None = None

    def measure(self, variants: Sequence[VariantId], window: Window) -> Readings:
        self.asked.append(tuple(variants))
        if self.fail:
            raise self.fail
        return {
            (variant, metric): self.said.get((variant, metric), Series()) for variant in variants for metric in Metric
        }


class FakeBills:
    """Cost Explorer in a list.

    Attributes:
        charges: everything that was ever spent.
        requests: how many a bill takes.
        asked: environment, start and end of every bill.
        fail: the error that it raises, None where it answers.
    """

    def __init__(self, *charges: Charge, requests: int = 1) -> None:
        self.charges, self.requests = charges, requests
        self.asked: list[tuple[str, date, date]] = []
        self.fail: BaseException | None = None

    def bill(self, environment: str, *, start: date, end: date) -> Bill:
        self.asked.append((environment, start, end))
        if self.fail:
            raise self.fail
        return Bill(start=start, end=end, charges=self.charges, requests=self.requests)


class FakePriceList:
    """The price list in a dict: instance type to US dollars an hour."""

    def __init__(self, said: Mapping[str, str] | None = None) -> None:
        self.said = said or {}

    def price(self, region: str, instance_type: str, *, today: date) -> Price:
        if instance_type not in self.said:
            raise CloudError(f"the price list on hosting {instance_type} in {region}: 0 were found")
        usd = Decimal(self.said[instance_type])
        return Price(region=region, instance_type=instance_type, usd_per_hour=usd, source="a list", as_of=today)


class FakeClock:
    """Time that passes only where somebody sleeps.

    Attributes:
        slept: how long each time.
        then: called after each sleep with the seconds that have passed; the world moves on in it.
    """

    def __init__(self, then: Callable[[float], None] = lambda passed: None) -> None:
        self._now = 1000.0
        self.slept: list[float] = []
        self.then = then

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        self.slept.append(seconds)
        self.then(self._now - 1000.0)


class FakeIdentity:
    """Credentials of one account."""

    def __init__(self, account: str = SANDBOX_ACCOUNT) -> None:
        self.number = account
        self.asked = 0

    def account(self) -> str:
        self.asked += 1
        return self.number


class FakeJudgement:
    """Engines that say what they were told to say."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._findings = tuple(findings)
        self.engines: Mapping[str, str] = {"cfn-lint": "1.58.0", "checkov": "3.3.30"}
        self.cancelled = False

    def findings(self, staying: Sequence[HostedVariant] = ()) -> tuple[Finding, ...]:
        return self._findings

    def __enter__(self) -> FakeJudgement:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancelled = True


class FakeExaminer:
    """Somebody who may do everything, in an account that is subscribed to everything.

    Attributes:
        fail: method name to the error that it raises.
    """

    def __init__(self) -> None:
        self.arn = f"arn:aws:iam::{SANDBOX_ACCOUNT}:user/somebody"
        self.denies: frozenset[str] = frozenset()
        self.packages: dict[str, Package] = {}
        self.subscriptions: set[str] = set()
        self.asked: list[Asked] = []
        self.fail: dict[str, BaseException] = {}

    def caller(self) -> str:
        self._called("caller")
        return self.arn

    def denied(self, asked: Sequence[Asked]) -> frozenset[str]:
        self._called("denied")
        self.asked.extend(asked)
        return self.denies & {action for each in asked for action in each.actions}

    def package(self, arn: str) -> Package:
        self._called("package")
        return self.packages.get(arn, Package())

    def subscribed(self, product_id: str) -> bool:
        self._called("subscribed")
        return product_id in self.subscriptions

    def _called(self, name: str) -> None:
        if name in self.fail:
            raise self.fail[name]


def a_world(
    *,
    examiner: FakeExaminer | None = None,
    stacks: FakeStacks | None = None,
    identity: FakeIdentity | None = None,
    endpoints: FakeEndpoints | None = None,
    quotas: FakeQuotas | None = None,
    detections: FakeDetections | None = None,
    observers: FakeObservers | None = None,
    usage: FakeUsage | None = None,
    bills: FakeBills | None = None,
    price_list: FakePriceList | None = None,
    person: FakePerson | None = None,
    watch: FakeWatch | None = None,
    findings: Sequence[Finding] = (),
) -> World:
    """A world in which nothing is deployed and no rule objects."""
    stacks = stacks or FakeStacks()
    cloud = Cloud(
        stacks=stacks,
        operations=stacks,
        identity=identity or FakeIdentity(),
        endpoints=endpoints or stacks.endpoints,
        quotas=quotas or FakeQuotas(),
        detections=detections or FakeDetections(stacks),
        observers=observers or FakeObservers(stacks),
        usage=usage or FakeUsage(),
        bills=bills or FakeBills(),
        price_list=price_list or FakePriceList(),
        examiner=examiner or FakeExaminer(),
    )

    def begin(
        templates: Sequence[Template], *, policy: Policy, region: str, beside: Sequence[Template]
    ) -> FakeJudgement:
        return FakeJudgement(findings)

    return World(
        connect=lambda: cloud,
        begin=begin,  # type: ignore[arg-type]  # a fake of the same shape
        now=NOW,
        tool_version="0.0.0",
        progress=lambda doing: None,
        pause=lambda seconds: None,
        authors=lambda waiver: Writers(names=frozenset({"somebody else"})),
        person=person or FakePerson(),
        watch=watch or FakeWatch(),
    )
