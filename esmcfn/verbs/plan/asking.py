"""CloudFormation is asked about what differs, and only where it can answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import drift, plan
from esmcfn.domain.changeset import ChangeSet
from esmcfn.domain.plan import Change, StackAction, StackPlan
from esmcfn.errors import TemplateRefused
from esmcfn.ports import Cloud
from esmcfn.verbs.plan.keeping import Keeping
from esmcfn.verbs.plan.reading import Pair, side_by_side
from esmcfn.verbs.world import World

GONE = "a first creation rolled back (ROLLBACK_COMPLETE): deploy removes the empty stack before the new one comes"
REFUSED = "{}; templates alone were compared"
STUCK = "it is {status}: {way_out}, so no change set was made"

Kept = Callable[[Pair], ChangeSet]
"""The change set that was kept for a stack, instead of a new one."""


class Asking(Struct, frozen=True):
    """CloudFormation is asked about what differs, and only where it can answer.

    Attributes:
        gone: names of stacks whose first creation rolled back, to their ARNs.
        kept: where change sets come from that were made before; None to make new ones.
        keeping: who keeps new change sets that stay; None when none shall.
        revert: every stack is asked about, since what drifted is put back.
    """

    cloud: Cloud
    gone: Mapping[str, str]
    kept: Kept | None
    keeping: Keeping | None
    revert: bool = False

    def plans(
        self, found: Sequence[Pair], world: World, *, protection: bool | None, server_side: bool
    ) -> tuple[StackPlan, ...]:
        """What happens to every stack.

        Args:
            protection: termination protection, as the environment asks for it.
        """
        asked = {id(pair) for pair in found if server_side and self._takes_change_set(pair)}
        if asked:
            world.progress(f"asking CloudFormation about {len(asked)} stack{'' if len(asked) == 1 else 's'}")
        made = side_by_side(
            lambda pair: self._asked(pair) if id(pair) in asked else self._unasked(pair),
            found,
            busy=lambda pair: id(pair) in asked,
            stop=self.cloud.stacks.stop,
        )
        return tuple(plan.protected(each, pair.deployed, protection) for each, pair in zip(made, found, strict=True))

    def _takes_change_set(self, pair: Pair) -> bool:
        if pair.template is None or (pair.unchanged and not self.revert):
            return False
        return pair.template.stack.name not in self.gone and not (pair.deployed and pair.deployed.stuck)

    def _asked(self, pair: Pair) -> StackPlan:
        assert pair.template is not None  # noqa: S101 - only built templates are asked about
        try:
            change_set = self.kept(pair) if self.kept else self._proposed(pair)
        except TemplateRefused as refusal:  # policy may know the line that it is about, and is heard first
            notes = (REFUSED.format(refusal.message),)
            made = plan.stack_plan(pair.template, pair.deployed, body=pair.body, change_set=None, notes=notes)
            return replace(made, refused=refusal.message)
        made = plan.stack_plan(pair.template, pair.deployed, body=pair.body, change_set=change_set)
        made = _shown(plan.unscaled_first(made, pair.body), pair.template.stack.target.account)
        return made if self.kept or self.keeping else replace(made, change_set_id=None)

    def _proposed(self, pair: Pair) -> ChangeSet:
        """A new change set: one that stays is noted before anything else can fail, any other is gone already."""
        assert pair.template is not None  # noqa: S101 - only built templates are asked about
        change_set = self.cloud.stacks.propose(pair.template, pair.deployed, revert=self.revert)
        if self.keeping is not None and not change_set.empty:
            self.keeping.keep(change_set, self.cloud)
        else:
            self.cloud.stacks.discard(change_set)
        return change_set

    def _unasked(self, pair: Pair) -> StackPlan:
        built, deployed = pair.template, pair.deployed
        if built is None:
            assert deployed is not None  # noqa: S101 - a pair has at least one side
            return plan.removed(deployed, plan.removal(pair.body or {}))
        if deployed and pair.unchanged:
            return plan.unchanged(built, deployed)
        notes: tuple[str, ...] = ()
        if built.stack.name in self.gone:
            notes = (GONE,)
        elif deployed and deployed.stuck:
            notes = (STUCK.format(status=deployed.status, way_out=plan.WAYS_OUT.get(deployed.status, plan.NO_WAY)),)
        made = plan.stack_plan(built, deployed, body=pair.body, change_set=None, notes=notes)
        made = plan.unscaled_first(made, pair.body)
        if deployed and deployed.stuck:  # even where the templates are equal: what runs is not what they say
            made = replace(made, action=StackAction.UPDATE, stuck=True)
        return replace(made, in_the_way=self.gone.get(built.stack.name))


def _shown(made: StackPlan, account: str) -> StackPlan:
    """The same, what runs shown as drift shows it: somebody may have put a secret there."""
    if not any(each.reverts for change in made.changes for each in change.properties):
        return made
    return replace(made, changes=tuple(_masked(change, f"{account}/{made.name}") for change in made.changes))


def _masked(change: Change, stack: str) -> Change:
    salt = f"{stack}/{change.logical_id}"
    properties = (
        replace(
            each,
            before=drift.shown(each.path, each.before, salt=salt),
            after=drift.shown(each.path, each.after, salt=salt),
        )
        if each.reverts
        else each
        for each in change.properties
    )
    return replace(change, properties=tuple(properties))
