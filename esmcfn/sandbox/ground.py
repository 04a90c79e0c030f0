"""What every service of the sandbox stands on, and what a service may ask of its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from esmcfn.sandbox.aws import ACCOUNT, Moto
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.faults import Faults
from esmcfn.sandbox.pace import Pace
from esmcfn.sandbox.pages import page
from esmcfn.sandbox.state import Store

if TYPE_CHECKING:
    from esmcfn.sandbox.wire import Call

T = TypeVar("T")


class Ground:
    """One account without its services: `World` puts them on it, and each of them sees this much of it.

    Attributes:
        pages: operation to entries a page, where a test says other than AWS.
        port: of the server, where there is one.
    """

    account = ACCOUNT
    store: Store
    clock: Clock
    pace: Pace
    faults: Faults
    moto: Moto
    pages: dict[str, int]
    port: int = 0

    def page(self, call: Call, items: Sequence[T]) -> tuple[list[T], str | None]:
        """Return the page that a call asks for, and the token of the next: AWS's 100 unless it, or a test, says less.

        Raises:
            Refusal: its NextToken is none of ours.
        """
        usual = self.pages.get(call.operation, self.pages.get("*", 100))
        size = int(call.parameters.get("MaxResults") or usual)
        return page(items, call.parameters.get("NextToken"), size, call)
