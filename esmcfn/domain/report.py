"""What a verb returns: a body, and what it is worth as an exit code."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from esmcfn.domain.audit import Audit
from esmcfn.domain.cost import Cost, Price
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.endpoint import Logged
from esmcfn.domain.finding import Finding
from esmcfn.domain.outputs import Outputs
from esmcfn.domain.plan import Plan, Verdict
from esmcfn.domain.rejudged import Since
from esmcfn.domain.standing import EnvironmentStatus, Waited
from esmcfn.domain.template import Template
from esmcfn.errors import EsmcfnError, ExitCode

PRECEDENCE = (
    ExitCode.BUG,
    ExitCode.CLOUD,
    ExitCode.DEPLOYMENT,
    ExitCode.STALE,
    ExitCode.BUSY,
    ExitCode.INPUT,
    ExitCode.FINDINGS,
    ExitCode.BUDGET,
    ExitCode.DRIFT,
    ExitCode.CHANGES,
)
"""Of several environments, or several stacks, the first of these that occurred is the exit code."""


class Validated(Struct, frozen=True, kw_only=True):
    """The YAML is good; this is what it selects.

    Attributes:
        stacks: names in the order of deployment.
    """

    environment: str
    stacks: tuple[str, ...]


class Built(Struct, frozen=True, kw_only=True):
    """The templates of an environment.

    Attributes:
        written: stack name to the path of its file; empty where nothing was written.
    """

    environment: str
    templates: tuple[Template, ...]
    written: Mapping[str, str] = field(default_factory=dict)


class Checked(Struct, frozen=True, kw_only=True):
    """What the rules say about the templates of an environment.

    Attributes:
        engines: name to version of whoever was asked.
        since: what the policies of a commit said of them; None where nobody asked for that.
        narrowed: keys of the models that alone were judged; empty means all.
        given: files of the templates that were judged in place of what the environment builds; empty means none.
    """

    environment: str
    findings: tuple[Finding, ...]
    engines: Mapping[str, str]
    verdict: Verdict
    since: Since | None = None
    narrowed: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


class Priced(Struct, frozen=True, kw_only=True):
    """What the templates of an environment cost a month.

    Attributes:
        compared: False where what is deployed could not be read; `why` says why.
    """

    environment: str
    cost: Cost
    compared: bool
    why: str = ""
    verdict: Verdict


class Repriced(Struct, frozen=True, kw_only=True):
    """One figure of the price list.

    Attributes:
        before: what held in this root, discounts applied; None where nothing was known.
    """

    before: Price | None
    after: Price


class Refreshed(Struct, frozen=True, kw_only=True):
    """What `prices refresh` wrote.

    Attributes:
        path: of the file, from the root.
    """

    environment: str
    path: str
    prices: tuple[Repriced, ...]


Body = (
    Refreshed
    | Validated
    | Built
    | Checked
    | Priced
    | Audit
    | Plan
    | Deployment
    | Outputs
    | EnvironmentStatus
    | Waited
    | Logged
    | EnvironmentDrift
)


class Report(Struct, frozen=True, kw_only=True):
    """One environment's answer of one verb.

    Attributes:
        notes: what is said beside the report, on standard error, whatever its format.
    """

    verb: str
    environment: str
    body: Body
    notes: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.DONE

    @property
    def oldest_price(self) -> Price | None:
        """The price that was read longest ago, of those that its sums stand on; None where it prices nothing."""
        if not isinstance(self.body, Priced | Plan | Deployment | Audit):
            return None
        items = (*self.body.cost.items, *self.body.cost.before_items)
        dated = ((item.price.as_of, item.price) for item in items if item.price and item.price.as_of)
        return min(dated, key=lambda each: each[0], default=(None, None))[1]


class Failure(Struct, frozen=True, kw_only=True):
    """One environment that could not be answered, beside others that could."""

    verb: str
    environment: str
    error: EsmcfnError

    @property
    def exit_code(self) -> ExitCode:
        return self.error.exit_code


Outcome = Report | Failure
