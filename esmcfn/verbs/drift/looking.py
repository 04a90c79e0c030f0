"""Deployed stacks, looked at: their templates and resources, and what CloudFormation and the services say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import drift
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.drift import STACK_TYPE, Detection, StackResource, Unread
from esmcfn.domain.stack import Selection
from esmcfn.ports import Cloud
from esmcfn.verbs.drift.observing import observed, together, told
from esmcfn.verbs.plan.reading import side_by_side

WITHIN_SECONDS = 1800.0
"""How long CloudFormation may take to compare a stack."""

NOT_ASKED = Detection(failure="its own drift detection was not asked")


class Looked(Struct, frozen=True, kw_only=True):
    """One deployed stack, and what CloudFormation says of it.

    Attributes:
        body: its template, None where it is not JSON.
    """

    stack: DeployedStack
    body: Mapping[str, object] | None
    resources: tuple[StackResource, ...]
    detection: Detection


class Looking(Struct, frozen=True, kw_only=True):
    """Whoever looks.

    Attributes:
        within: seconds that CloudFormation may take to compare a stack.
    """

    selection: Selection
    cloud: Cloud
    within: float = WITHIN_SECONDS

    def begun(self, stacks: Sequence[DeployedStack]) -> tuple[str | Unread, ...]:
        """CloudFormation begins to compare all of them; what to ask for each result with."""
        return side_by_side(self._begun, stacks, stop=self.cloud.stacks.stop)

    def look(
        self, stack: DeployedStack, detection: str | Unread | None, *, body: Mapping[str, object] | None = None
    ) -> Looked:
        """Its template and its resources, and then CloudFormation's result.

        Args:
            detection: as `begun` returned it; None where CloudFormation was not asked.
            body: its template where somebody has read it already.
        """
        body = self.cloud.stacks.template(stack) if body is None else body
        resources = self.cloud.detections.resources(stack)
        made = NOT_ASKED if detection is None else self._result(stack, detection)
        return Looked(stack=stack, body=body, resources=resources, detection=made)

    def subjects(
        self, looked: Looked, inside: frozenset[str] = frozenset(), *, again: str = ""
    ) -> tuple[drift.Subject, ...]:
        """What a stack has, as far as CloudFormation told.

        Args:
            inside: ARNs of stacks that are looked at by themselves.
            again: the command that has CloudFormation put it back; empty for the usual one.
        """
        there = [each for each in looked.resources if not each.status.startswith("DELETE_COMPLETE")]
        said = drift.expected(looked.body, there, self.selection.target)
        return tuple(
            drift.Subject(
                environment=self.selection.environment.name,
                account=self.selection.target.account,
                stack=looked.stack,
                resource=resource,
                expected=said.get(resource.logical_id),
                every=said,
                detection=looked.detection,
                again=again,
            )
            for resource in there
            if not (resource.resource_type == STACK_TYPE and resource.physical_id in inside)
        )

    def together(self, subjects: Sequence[drift.Subject]) -> Looking:
        """Whoever looks at all of these, and so asks about many at once where a service tells that."""
        return replace(self, cloud=replace(self.cloud, observers=self.cloud.observers.together(together(subjects))))

    def observed(self, subject: drift.Subject) -> drift.Subject:
        """The subject, with what its service says of it."""
        return observed(subject, self.cloud, self.selection.target)

    def _begun(self, stack: DeployedStack) -> str | Unread:
        if stack.busy:
            return Unread(why=f"{stack.status}: another operation is running")
        return told(lambda: self.cloud.detections.begin(stack))

    def _result(self, stack: DeployedStack, detection: str | Unread) -> Detection:
        if isinstance(detection, Unread):
            return Detection(failure=detection.why)
        made = told(lambda: self.cloud.detections.result(stack, detection, within=self.within))
        return Detection(failure=made.why) if isinstance(made, Unread) else made
