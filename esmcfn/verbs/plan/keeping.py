"""Change sets that outlive the planning of them, for whoever executes the plan, or names it in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from esmcfn.domain.changeset import ChangeSet
from esmcfn.domain.plan import Plan
from esmcfn.domain.report import Outcome, Report
from esmcfn.errors import CloudError
from esmcfn.ports import Cloud
from esmcfn.signals import Held

Tell = Callable[[str], None]


class Keeping:
    """Change sets in somebody's keeping: left with an error, Ctrl-C included, those that nobody took over go.

    Args:
        tell: told of each that cannot be removed: why it was left is more important, and is what is raised.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._kept: dict[str, tuple[ChangeSet, Cloud]] = {}

    def keep(self, change_set: ChangeSet, cloud: Cloud) -> None:
        """From now on it goes when this is left with an error."""
        self._kept[change_set.arn] = change_set, cloud

    def hand_over(self, arn: str | None) -> None:
        """Somebody else executes it, or removes it."""
        self._kept.pop(arn or "", None)

    def clear(self, *, besides: Iterable[str] = ()) -> None:
        """Remove what is kept.

        Args:
            besides: ARNs of those that stay.
        """
        with Held():
            for arn in set(self._kept).difference(besides):
                change_set, cloud = self._kept.pop(arn)
                for failed in discarded(cloud, (change_set,)):
                    self._tell(f"a change set stays: {failed.message}")

    def __enter__(self) -> Keeping:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.clear()


def kept_by(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """ARNs of the change sets that plans name."""
    for outcome in outcomes:
        if isinstance(outcome, Report) and isinstance(outcome.body, Plan):
            yield from (stack.change_set_id for stack in outcome.body.stacks if stack.change_set_id)


def discarded(cloud: Cloud, change_sets: Iterable[ChangeSet]) -> tuple[CloudError, ...]:
    """Remove change sets, and the empty stacks that they made; why each could not be that could not."""
    failed = []
    for change_set in change_sets:
        try:
            cloud.stacks.discard(change_set)
        except CloudError as error:
            failed.append(error)
    return tuple(failed)
