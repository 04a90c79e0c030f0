"""Change sets that are kept for a file: where the file cannot be written, nobody would know of them."""

from __future__ import annotations

from esmcfn.domain.plan import Plan
from esmcfn.domain.report import Report
from esmcfn.errors import CloudError
from esmcfn.verbs.deploy.executing import discard
from esmcfn.verbs.world import World


class Kept:
    """Plans whose change sets are to be named in a file; they go where that does not come to be, Ctrl-C included."""

    def __init__(self) -> None:
        self._made: list[tuple[Plan, World]] = []

    def of(self, report: Report, world: World) -> Report:
        """The same plan, noted."""
        if isinstance(report.body, Plan):
            self._made.append((report.body, world))
        return report

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        for made, world in self._made if error is not None else ():
            try:
                discard(world.connect(), made.stacks)
            except CloudError as failed:  # why there is no file is what is raised
                world.person.tell(f"{made.environment}: a change set stays: {failed.message}")
