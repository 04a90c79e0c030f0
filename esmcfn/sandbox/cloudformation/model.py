"""The nouns of our CloudFormation, as they lie on disk.

Mutable on purpose: they are the service's own records, changed only under the world's lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from esmcfn.sandbox.state import Json

STACK_TYPE = "AWS::CloudFormation::Stack"

SETTLED_FOR_UPDATE = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
"""Where an update may start. CREATE_FAILED and UPDATE_FAILED may too, with rollback disabled."""

PAUSED = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})
"""A failed operation that was told not to roll back."""


@dataclass(slots=True, kw_only=True)
class Parameter:
    """A parameter's value; `no_echo` ones are shown as ****."""

    key: str
    value: str
    no_echo: bool = False


@dataclass(slots=True, kw_only=True)
class Revision:
    """Everything that says what a stack should be.

    Attributes:
        body: the template's text exactly as it was sent.
        notification_arns: SNS topics, kept and shown, never notified.
    """

    body: str
    parameters: list[Parameter] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)
    role_arn: str = ""


@dataclass(slots=True, kw_only=True)
class Resource:
    """A resource that a stack owns.

    Attributes:
        properties: resolved, as the handler got them, without the stack's tags.
        shown: the same with NoEcho values and secrets masked.
        tags: what the stack adds to the resource's own tags.
        depends_on: logical ids this one was built after; deletion goes the other way.
        drift_status: as of the last detection; empty before the first.
        skipped: a rollback left it out, so that no template says what it is until an update reaches it.
    """

    logical_id: str
    resource_type: str
    physical_id: str
    properties: dict[str, Json] = field(default_factory=dict)
    shown: dict[str, Json] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    depends_on: list[str] = field(default_factory=list)
    status: str = ""
    reason: str = ""
    updated_at: float = 0.0
    metadata: Json = None
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    drift_status: str = ""
    drift_checked_at: float = 0.0
    drift_expected: Json = None
    drift_actual: Json = None
    drift_differences: list[list[str]] = field(default_factory=list)
    skipped: bool = False


@dataclass(slots=True, kw_only=True)
class Event:
    """One line of DescribeStackEvents (and of DescribeEvents, which also has validation errors)."""

    id: str
    at: float
    logical_id: str
    physical_id: str
    resource_type: str
    status: str
    reason: str = ""
    properties: str = ""
    token: str = ""
    operation_id: str = ""
    operation_type: str = ""
    detailed_status: str = ""


@dataclass(slots=True, kw_only=True)
class Finding:
    """One result of early validation.

    Attributes:
        mode: FAIL or WARN.
        path: /Resources/X/Properties/...
    """

    id: str
    at: float
    name: str
    mode: str
    reason: str
    path: str
    logical_id: str
    physical_id: str = ""
    resource_type: str


@dataclass(slots=True, kw_only=True)
class Detail:
    """Why one attribute or property of a resource changes; values are JSON or plain text."""

    attribute: str
    name: str = ""
    recreation: str = "Never"
    path: str = ""
    before: str | None = None
    after: str | None = None
    change_type: str = "Modify"
    evaluation: str = "Static"
    source: str = "DirectModification"
    causing_entity: str = ""
    previous: str | None = None
    actual: str | None = None


@dataclass(slots=True, kw_only=True)
class Change:
    """What a change set says about one resource."""

    action: str
    logical_id: str
    resource_type: str
    physical_id: str = ""
    replacement: str = ""
    policy_action: str = ""
    scope: list[str] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    before_context: str = ""
    after_context: str = ""
    drift_status: str = ""
    ignored: list[dict[str, str]] = field(default_factory=list)
    change_set_id: str = ""


@dataclass(slots=True, kw_only=True)
class ChangeSet:
    """A change set, until it or its stack is deleted.

    Attributes:
        ready_at: when CREATE_IN_PROGRESS ends, in engine seconds.
        outcome: the status that it then gets.
        parent_id: the change set of the enclosing stack, for a nested one; root_id: the outermost one.
    """

    id: str
    name: str
    kind: str
    revision: Revision
    created_at: float
    ready_at: float
    outcome: str
    status: str = "CREATE_PENDING"
    reason: str = ""
    outcome_reason: str = ""
    execution_status: str = "UNAVAILABLE"
    description: str = ""
    token: str = ""
    digest: str = ""
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    on_stack_failure: str = ""
    deployment_mode: str = ""
    stack_drift_status: str = ""
    import_existing: bool = False
    include_nested: bool = False
    operation_id: str = ""
    parent_id: str = ""
    root_id: str = ""

    @property
    def reverted(self) -> list[str]:
        """The resources whose actual state a REVERT_DRIFT change set overwrites."""
        if self.deployment_mode != "REVERT_DRIFT":
            return []
        return [change.logical_id for change in self.changes if change.drift_status in ("MODIFIED", "DELETED")]


@dataclass(slots=True, kw_only=True)
class Op:
    """One resource's part in an operation.

    Attributes:
        action: create, update, replace, delete, import, restore (update back), keep.
        state: waiting, running, done, failed, cancelled.
        until: engine seconds at which a running one is looked at again.
        tries: deletions attempted during cleanup.
        pending: its handler says when it is done; again: it could not even be begun yet.
    """

    logical_id: str
    action: str
    state: str = "waiting"
    until: float = 0.0
    physical_id: str = ""
    tries: int = 0
    pending: bool = False
    again: bool = False


@dataclass(slots=True, kw_only=True)
class Execution:
    """An operation under way on a stack.

    Attributes:
        phase: start, forward, rollback, cleanup, finish.
        before: the resources as they were, for the way back.
        doomed: resources to delete in cleanup: removed, replaced, or made by the failed attempt.
        retain: logical ids that a deletion leaves alone; skip: those that a rollback leaves alone.
        outputs_before: the outputs as they were, for the way back.
        held: a nested stack's cleanup, which waits until the enclosing stack cleans up too.
    """

    kind: str
    token: str
    operation_id: str
    operation_type: str
    wake_at: float
    phase: str = "start"
    revision: Revision | None = None
    previous: Revision | None = None
    before: dict[str, Resource] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)
    doomed: list[Resource] = field(default_factory=list)
    cleanup_ops: list[Op] = field(default_factory=list)
    disable_rollback: bool = False
    on_failure: str = ""
    reason: str = ""
    retain: list[str] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    force: bool = False
    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    revert: list[str] = field(default_factory=list)
    change_set_id: str = ""
    failed_ids: list[str] = field(default_factory=list)
    resource_number: int = 0
    outputs_before: list[dict[str, str]] = field(default_factory=list)
    held: bool = False


@dataclass(slots=True, kw_only=True)
class Earlier:
    """What a stack said before its last operation began; without a status it did not exist."""

    status: str
    reason: str
    revision: Revision
    updated_at: float
    description: str
    outputs: list[dict[str, str]]
    change_set_id: str
    last_operations: list[dict[str, str]]


@dataclass(slots=True, kw_only=True)
class Stack:
    """A stack: what it should be, what it has, and what happened to it.

    Attributes:
        parent_id: the enclosing stack, for a nested one; root_id: the outermost one.
        parent_logical_id: the resource of the enclosing stack that it is.
    """

    id: str
    name: str
    region: str
    created_at: float
    status: str
    revision: Revision
    description: str = ""
    reason: str = ""
    updated_at: float = 0.0
    deleted_at: float = 0.0
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[dict[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    change_set_id: str = ""
    execution: Execution | None = None
    termination_protection: bool = False
    disable_rollback: bool = False
    drift_status: str = "NOT_CHECKED"
    drift_checked_at: float = 0.0
    retain_on_delete: list[str] = field(default_factory=list)
    last_operations: list[dict[str, str]] = field(default_factory=list)
    policy: str = ""
    used_tokens: list[str] = field(default_factory=list)
    parent_id: str = ""
    parent_logical_id: str = ""
    root_id: str = ""
    earlier: Earlier | None = None

    @property
    def running(self) -> Execution:
        """The operation under way.

        Raises:
            LookupError: there is none.
        """
        if self.execution is None:
            raise LookupError(f"no operation is under way on {self.name}")
        return self.execution

    @property
    def held(self) -> bool:
        """A nested stack that is updated and waits for the enclosing one before it cleans up."""
        return self.execution is not None and self.execution.held

    def remember(self) -> None:
        """Note what the stack says now: an operation begins."""
        self.earlier = Earlier(
            status=self.status if self.events else "",
            reason=self.reason,
            revision=self.revision,
            updated_at=self.updated_at,
            description=self.description,
            outputs=list(self.outputs),
            change_set_id=self.change_set_id,
            last_operations=list(self.last_operations),
        )

    @property
    def present(self) -> dict[str, Resource]:
        """The resources that exist: one whose creation failed has no physical id."""
        gone = ("DELETE_COMPLETE", "DELETE_SKIPPED")
        return {k: item for k, item in self.resources.items() if item.physical_id and item.status not in gone}

    @property
    def busy(self) -> bool:
        """An operation is under way."""
        return self.status.endswith("IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def deleted(self) -> bool:
        """Gone: answers to its ARN only."""
        return self.status == "DELETE_COMPLETE"

    @property
    def key(self) -> str:
        """The id's last part: the name of the stack's file."""
        return self.id.rpartition("/")[2]
