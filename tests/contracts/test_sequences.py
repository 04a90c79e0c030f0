"""Random sequences of plans, imports, damage, reverts, faults and kills: the engine never contradicts itself."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from esmcfn.sandbox.breaking import break_resource
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Stack
from esmcfn.sandbox.cloudformation.operations import operations
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError
from esmcfn.sandbox.wire import Call
from esmcfn.sandbox.world import World

from .machine import NEXT, REGION, SETTLED, Crash, Crashing, a_nested_template, a_template

STACKS = st.sampled_from(["a", "b"])


class Sandbox(RuleBasedStateMachine):
    """Two stacks, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._number = 0
        self._broken: set[str] = set()
        self.world = self.begun()

    def begun(self, start: float | None = None) -> World:
        """Return a sandbox with what is on disk."""
        folder = Path(self._folder.name)
        return World(folder, clock=Clock(speed=0, start=start), store=Crashing(folder))

    @initialize()
    def begin(self) -> None:
        self.world.reset()
        self.upload()

    def upload(self) -> None:
        """Put the templates to nest where a kill has removed them."""
        moto = self.world.moto
        moto.call("s3", "CreateBucket", "us-east-1", {"Bucket": "nested"})
        for stack in ("a", "b"):
            for version in range(4):
                body = a_nested_template(stack, version).encode()
                moto.call(
                    "s3", "PutObject", "us-east-1", {"Bucket": "nested", "Key": f"{stack}-{version}", "Body": body}
                )

    def call(self, operation: str, **parameters: Any) -> Any:
        """Perform an operation; a refusal is an answer, too."""
        call = Call(service="cloudformation", operation=operation, region=REGION, parameters=parameters)
        with self.world.store.together():
            self.world.settle()
            try:
                return operations(self.world.cloudformation)[operation](call)
            except Refusal:
                return None

    @rule(
        stack=STACKS,
        topics=st.integers(0, 3),
        version=st.integers(0, 3),
        instance=st.sampled_from(["ml.g5.2xlarge", "ml.g5.4xlarge"]),
        wait=st.sampled_from([-1.0, 0.0, 0.2, 1.0, 30.0, 30.0, 30.0]),
        paused=st.sampled_from([False, False, True]),
        inside=st.booleans(),
    )
    def plan(
        self, stack: str, topics: int, version: int, instance: str, wait: float, paused: bool, inside: bool
    ) -> None:
        """Make a change set; execute it unless `wait` is negative, and wait."""
        self._number += 1
        live = self.world.cloudformation.by_name(REGION, stack)
        kind = "CREATE" if live is None or live.status == "REVIEW_IN_PROGRESS" else "UPDATE"
        made = self.call(
            "CreateChangeSet",
            StackName=stack,
            ChangeSetName=f"c{self._number}",
            ChangeSetType=kind,
            TemplateBody=a_template(stack, topics, version, instance),
            IncludeNestedStacks=inside,
        )
        if made and wait >= 0:
            self.world.clock.advance(0.1)
            self.call("ExecuteChangeSet", ChangeSetName=made["Id"], DisableRollback=paused)
            self.world.clock.advance(wait)
            self.world.settle()

    @rule(
        stack=STACKS,
        policy=st.sampled_from(["Delete", "Retain"]),
        topic=st.sampled_from(["there", "there", "missing", "vanishing"]),
        wait=st.booleans(),
    )
    def bring_in(self, stack: str, policy: str, topic: str, wait: bool) -> None:
        """Import a topic, which may not be there (any more), into a stack as it is or into a new one."""
        self._number += 1
        live = self.world.cloudformation.by_name(REGION, stack)
        known = live is not None and live.status != "REVIEW_IN_PROGRESS"
        template = json.loads(live.revision.body) if live is not None and known else {"Resources": {}}
        name, logical_id = f"imported-{self._number}", f"I{self._number}"
        declared = {"Type": "AWS::SNS::Topic", "DeletionPolicy": policy, "Properties": {"TopicName": name}}
        template["Resources"][logical_id] = declared
        arn = f"arn:aws:sns:{REGION}:123456789012:{name}"
        self.world.settle()
        if topic != "missing":
            self.world.moto.call("sns", "CreateTopic", REGION, {"Name": name})
        identifier = {"LogicalResourceId": logical_id, "ResourceIdentifier": {"TopicArn": arn}}
        made = self.call(
            "CreateChangeSet",
            StackName=stack,
            ChangeSetName=f"i{self._number}",
            ChangeSetType="IMPORT",
            TemplateBody=json.dumps(template),
            ResourcesToImport=[{"ResourceType": "AWS::SNS::Topic", **identifier}],
        )
        if topic == "vanishing":
            self.world.moto.call("sns", "DeleteTopic", REGION, {"TopicArn": arn})
        if made and wait:
            self.execute(made["Id"], 30.0)

    @rule(
        stack=STACKS,
        group=st.sampled_from(["there", "there", "missing", "vanishing"]),
        policy=st.sampled_from(["Retain", "RetainExceptOnCreate", "Delete"]),
        topics=st.integers(1, 3),
        wait=st.sampled_from([0.2, 30.0]),
        paused=st.booleans(),
    )
    def take_over(self, stack: str, group: str, policy: str, topics: int, wait: float, paused: bool) -> None:
        """Create or update with ImportExistingResources: a log group that may exist, after topics that change."""
        self._number += 1
        live = self.world.cloudformation.by_name(REGION, stack)
        template, name = json.loads(a_template(stack, topics, 0, "ml.g5.2xlarge")), f"group-{self._number % 3}"
        declared = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": policy, "Properties": {"LogGroupName": name}}
        template["Resources"]["Group"] = {**declared, "DependsOn": "T0"}
        if group != "missing":
            self.by_hand("logs", "CreateLogGroup", logGroupName=name)
        made = self.call(
            "CreateChangeSet",
            StackName=stack,
            ChangeSetName=f"t{self._number}",
            ChangeSetType="CREATE" if live is None or live.status == "REVIEW_IN_PROGRESS" else "UPDATE",
            TemplateBody=json.dumps(template),
            ImportExistingResources=True,
        )
        if group == "vanishing" and not self._held(name):
            self.by_hand("logs", "DeleteLogGroup", logGroupName=name)
        if made:
            self.world.clock.advance(0.1)
            self.call("ExecuteChangeSet", ChangeSetName=made["Id"], DisableRollback=paused)
            self.world.clock.advance(wait)
            self.world.settle()

    def by_hand(self, service: str, operation: str, **parameters: Any) -> None:
        """Do something in the account; a refusal is fine."""
        try:
            self.world.moto.call(service, operation, REGION, parameters)
        except Refusal:
            return

    def _held(self, physical_id: str) -> bool:
        """Whether a stack has it, or is about to."""
        return any(
            item.physical_id == physical_id
            for stack in self.world.cloudformation.live(REGION)
            for item in stack.resources.values()
        )

    @rule(files=st.integers(0, 4), seconds=st.sampled_from([0.05, 1.0, 30.0]), stack=STACKS, delete=st.booleans())
    def crash(self, files: int, seconds: float, stack: str, delete: bool) -> None:
        """The process is killed while it writes: what it wrote together is all there or all missing."""
        store = self.world.store
        assert isinstance(store, Crashing)
        self.world.clock.advance(seconds)
        store.files_left = files
        try:
            self.call("DeleteStack" if delete else "DetectStackDrift", StackName=stack)
            store.files_left = float("inf")
        except Crash:
            self.world.moto.reset()
            self.world = self.begun(self.world.clock.now())
            self.upload()

    @rule(data=st.data(), delete=st.booleans())
    def damage(self, data: st.DataObject, delete: bool) -> None:
        """Change or delete something behind CloudFormation's back."""
        self.world.settle()
        found = [
            (stack.name, logical_id, resource)
            for stack in self.world.cloudformation.live(REGION)
            for logical_id, resource in sorted(stack.present.items())
            if resource.resource_type != STACK_TYPE
        ]
        if not found:
            return
        stack, logical_id, resource = data.draw(st.sampled_from(found))
        asked = {"stack": stack, "logical_id": logical_id, "region": REGION}
        if not delete:
            if resource.resource_type != "AWS::SNS::Topic":
                return
            asked |= {"action": "change", "property": "DisplayName", "value": f"by-hand-{self._number}"}
        try:
            break_resource(self.world, asked)
        except Refusal:
            return
        if delete:
            self._broken.add(resource.physical_id)

    @rule(stack=STACKS, detect=st.booleans())
    def revert(self, stack: str, detect: bool) -> None:
        """Bring a stack back to what its template says; where that succeeds nothing has drifted any more."""
        self._number += 1
        live = self.world.cloudformation.by_name(REGION, stack)
        if live is None:
            return
        if detect:
            self.call("DetectStackDrift", StackName=stack)
        made = self.call(
            "CreateChangeSet",
            StackName=stack,
            ChangeSetName=f"r{self._number}",
            ChangeSetType="UPDATE",
            DeploymentMode="REVERT_DRIFT",
            UsePreviousTemplate=True,
        )
        if not made or not self.execute(made["Id"], 30.0) or live.status != "UPDATE_COMPLETE":
            return
        assert all(self._exists(live, logical_id) for logical_id in live.resources)
        if not self.world.faults.active:
            self.call("DetectStackDrift", StackName=stack)
            assert {item.drift_status for item in live.resources.values()} <= {"IN_SYNC", ""}

    def execute(self, change_set: str, wait: float) -> bool:
        """Execute a change set and wait; returns whether CloudFormation began."""
        self.world.clock.advance(0.1)
        begun = self.call("ExecuteChangeSet", ChangeSetName=change_set) is not None
        self.world.clock.advance(wait)
        self.world.settle()
        return begun

    @rule(seconds=st.sampled_from([0.01, 0.1, 1.0, 30.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        self.world.settle()

    @rule(
        name=st.sampled_from(["capacity", "handler", "rollback", "quota", "silent-rollback", "not-subscribed"]),
        times=st.integers(1, 2),
        deleting=st.booleans(),
    )
    def ask_for_a_fault(self, name: str, times: int, deleting: bool) -> None:
        options: dict[str, Any] = {} if name in ("quota", "not-subscribed") else {"times": times}
        if name == "handler" and deleting:
            options["operation"] = "delete"
        self.world.faults.add(name, options)

    @rule()
    def lift_faults(self) -> None:
        self.world.faults.clear()

    @rule(stack=STACKS, force=st.booleans())
    def delete(self, stack: str, force: bool) -> None:
        self.call("DeleteStack", StackName=stack, **({"DeletionMode": "FORCE_DELETE_STACK"} if force else {}))

    @rule(stack=STACKS, operation=st.sampled_from(["CancelUpdateStack", "ContinueUpdateRollback", "RollbackStack"]))
    def recover(self, stack: str, operation: str) -> None:
        self.call(operation, StackName=stack)

    @rule()
    def kill(self) -> None:
        before = {stack.id: (stack.status, len(stack.events)) for stack in self.world.cloudformation.stacks.values()}
        now = self.world.clock.now()
        self.world.moto.reset()
        self.world = self.begun(now)
        after = {stack.id: (stack.status, len(stack.events)) for stack in self.world.cloudformation.stacks.values()}
        assert after == before
        self.upload()

    @invariant()
    def no_bug_was_met(self) -> None:
        assert self.world.cloudformation.bugs == []

    @invariant()
    def statuses_follow_the_machine(self) -> None:
        for stack in self.world.cloudformation.stacks.values():
            known = ""
            for event in stack.events:
                if event.physical_id == stack.id and event.status != known:
                    assert event.status in NEXT[known], (known, event.status)
                    known = event.status
            assert stack.status == known
            assert stack.busy == (stack.execution is not None and stack.status.endswith("IN_PROGRESS"))

    @invariant()
    def time_goes_forward(self) -> None:
        for stack in self.world.cloudformation.stacks.values():
            moments = [event.at for event in stack.events]
            assert moments == sorted(moments)

    @invariant()
    def what_a_settled_stack_has_exists(self) -> None:
        for stack in self.world.cloudformation.stacks.values():
            if stack.status in SETTLED and not (stack.parent_id and self._parent(stack).busy):
                whole = [key for key, item in stack.resources.items() if item.physical_id not in self._broken]
                assert [key for key in whole if not self._exists(stack, key)] == []
                declared = json.loads(stack.revision.body)["Resources"]
                assert sorted(stack.resources) == sorted(declared)

    @invariant()
    def exports_are_unique(self) -> None:
        names = [
            o["ExportName"] for s in self.world.cloudformation.live(REGION) for o in s.outputs if "ExportName" in o
        ]
        assert len(names) == len(set(names))

    @invariant()
    def a_nested_stack_has_a_parent_that_knows_it(self) -> None:
        for stack in self.world.cloudformation.live(REGION):
            if stack.parent_id and stack.status != "REVIEW_IN_PROGRESS":
                parent = self._parent(stack)
                held = [*parent.resources.values(), *(parent.execution.doomed if parent.execution else ())]
                assert stack.id in [item.physical_id for item in held], (stack.status, parent.status)
                if parent.status in SETTLED:
                    assert stack.status in SETTLED, (stack.status, parent.status)

    def _parent(self, stack: Stack) -> Stack:
        return self.world.cloudformation.stacks[stack.parent_id]

    def _exists(self, stack: Stack, logical_id: str) -> bool:
        resource = stack.resources[logical_id]
        if resource.resource_type == STACK_TYPE:
            return not self.world.cloudformation.stacks[resource.physical_id].deleted
        request = Engine(self.world.cloudformation, stack).request(resource, self.world.clock.now())
        try:
            HANDLERS[resource.resource_type].read(request)
        except (Refusal, HandlerError):
            return False
        return True

    def teardown(self) -> None:
        """Without faults, everything can be deleted, and nothing is left."""
        self.world.faults.clear()
        for _ in range(3):
            self.world.clock.advance(60)
            for stack in ("a", "b"):
                self.call("ContinueUpdateRollback", StackName=stack)
                self.world.clock.advance(60)
                self.call("DeleteStack", StackName=stack)
            self.world.clock.advance(60)
            self.world.settle()
        assert [
            (s.name, s.status, s.reason, [e.reason for e in s.events][-3:])
            for s in self.world.cloudformation.live(REGION)
        ] == []
        self.world.moto.reset()
        self._folder.cleanup()


Sandbox.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSequences = Sandbox.TestCase
