"""What a deployment would overwrite, found out in the background while CloudFormation thinks about change sets.

Only stacks that may change are looked at, and by readers of esmcfn's own alone: a few calls that a role which may only
read may make. Asked for, every stack is looked at, and CloudFormation's own detection is heard as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import drift, template
from esmcfn.domain.deployed import STUCK, DeployedStack
from esmcfn.domain.drift import Unread
from esmcfn.domain.overwriting import PlannedDrift
from esmcfn.domain.plan import StackPlan
from esmcfn.errors import CloudError
from esmcfn.threads import Pool
from esmcfn.verbs.drift.looking import Looked, Looking
from esmcfn.verbs.plan.reading import Pair, side_by_side


class Seen(Struct, frozen=True, kw_only=True):
    """One deployed stack with everything that the services say of it."""

    looked: Looked
    subjects: tuple[drift.Subject, ...]


class Comparing:
    """Compares what runs with what is deployed; leaving its context stops it.

    Args:
        every: every deployed stack; otherwise those that may change.
        native: with CloudFormation's own detection.
    """

    def __init__(self, looking: Looking, found: Sequence[Pair], *, every: bool = False, native: bool = False) -> None:
        self._looking, self._native = looking, native
        self._pairs = {pair.deployed.name: pair for pair in found if pair.deployed and _concerned(pair, every=every)}
        self._over = False
        self._pool: Pool | None = None
        self._seen: Future[tuple[Seen | Unread, ...]] | None = None

    def __enter__(self) -> Comparing:
        if self._pairs:
            self._pool = Pool(max_workers=1)
            self._seen = self._pool.submit(self._look_at_all)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._over = error is not None
        if self._pool is not None:
            self._pool.shutdown(wait=error is None, cancel_futures=True)

    def told(self, stacks: Sequence[StackPlan]) -> list[StackPlan]:
        """The same stacks, each that was looked at with what drifted of it and what becomes of that."""
        seen = dict(zip(self._pairs, self._seen.result(), strict=True)) if self._seen else {}
        return [
            replace(stack, drift=self._drift(stack, self._pairs[stack.name], seen[stack.name]))
            if stack.name in seen
            else stack
            for stack in stacks
        ]

    def _look_at_all(self) -> tuple[Seen | Unread, ...]:
        """Every stack; what AWS does not tell of one leaves the others, and the plan, alone."""
        stacks = [pair.deployed for pair in self._pairs.values() if pair.deployed]
        try:
            begun = self._looking.begun(stacks) if self._native else (None,) * len(stacks)
        except CloudError as error:
            return (Unread(why=error.message),) * len(stacks)
        return side_by_side(self._look, list(zip(stacks, begun, strict=True)))

    def _look(self, asked: tuple[DeployedStack, str | Unread | None]) -> Seen | Unread:
        stack, detection = asked
        if self._over:
            return Unread(why="stopped")
        if stack.stuck:
            return Unread(why=STUCK)
        try:
            looked = self._looking.look(stack, detection, body=self._pairs[stack.name].body)
            subjects = self._looking.subjects(looked)
            looking = self._looking.together(subjects)
            subjects = tuple(looking.observed(subject) for subject in subjects)
        except CloudError as error:
            return Unread(why=error.message)
        return Seen(looked=looked, subjects=subjects)

    def _drift(self, stack: StackPlan, pair: Pair, seen: Seen | Unread) -> PlannedDrift:
        if isinstance(seen, Unread):
            return PlannedDrift(why=seen.why)
        target = self._looking.selection.target
        body = pair.template.body if pair.template else {}
        built = drift.Built(
            expected=drift.expected(body, seen.looked.resources, target),
            changes={change.logical_id: change for change in stack.changes},
        )
        deployed = seen.looked.body
        digest = None if deployed is None else template.digest_of(deployed)
        return drift.planned_drift(
            seen.subjects,
            built,
            native=self._native,
            written=drift.judge_template(
                seen.looked.stack, digest, planning=f"esmcfn plan {self._looking.selection.environment.name}"
            ),
            digest=stack.template_digest,
        )


def _concerned(pair: Pair, *, every: bool) -> bool:
    """May a deployment overwrite something of it? What goes is deleted whatever it is now."""
    return pair.template is not None and (every or not pair.unchanged)
