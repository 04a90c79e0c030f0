"""What we ask of the world, as narrow Protocols; adapters satisfy them by shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from msgspec import Struct

from esmcfn.domain.audit import Bill, Readings, VariantId, Window
from esmcfn.domain.changeset import ChangeSet, Reviewed
from esmcfn.domain.cost import Price
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.deployment import Execution, StackEvent
from esmcfn.domain.drift import Detection, ListedEndpoint, Reading, StackResource
from esmcfn.domain.endpoint import ContainerLog, ObservedEndpoint
from esmcfn.domain.examination import Asked, Package
from esmcfn.domain.standing import Survey
from esmcfn.domain.template import Template


class Heard(Protocol):
    """Whoever listens to what happens to a stack."""

    def __call__(self, event: StackEvent) -> None: ...


class Stacks(Protocol):
    """CloudFormation, as far as planning needs it."""

    def deployed(self, *, base_name: str, environment: str) -> tuple[DeployedStack, ...]:
        """Every stack whose name fits and whose tag says that it is this environment's, all pages, by name.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def survey(self, *, base_name: str, environment: str) -> Survey:
        """The same, and the names of every other environment's stacks beside them; it asks AWS no more than that.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def template(self, stack: DeployedStack) -> Mapping[str, object] | None:
        """The template that was deployed, parsed; None where it is not JSON, and so not ours.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def propose(self, template: Template, deployed: DeployedStack | None, *, revert: bool = False) -> ChangeSet:
        """Create a change set, wait until it settles, and read all of it; leaves nothing behind when it raises.

        Args:
            revert: put back what drifted, too; of no meaning where nothing is deployed.

        Raises:
            CloudError: AWS refused, the template is wrong, or it did not settle in time.
            StackBusyError: another operation is running on the stack.
        """

    def discard(self, change_set: ChangeSet) -> None:
        """Delete it, and the empty stack that it may have made.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def reviewed(self, change_set_id: str) -> Reviewed:
        """Read a change set that was kept, with everything that says whose it is.

        Raises:
            StalePlanError: it is gone, or cannot be executed any more.
            CloudError: AWS refused or did not answer.
        """

    def others(self, stack_id: str) -> tuple[str, ...]:
        """Names of other people's change sets on a stack, which executing ours would delete.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def holder(self, stack_id: str) -> str:
        """Who holds a busy stack, in words; empty where CloudFormation does not say.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def stop(self) -> None:
        """Let nobody wait any longer; whoever waits cleans up and raises Interrupted."""

    def go_on(self) -> None:
        """Wait again, after everybody has stopped."""

    def clear(self, stack_id: str) -> bool:
        """Remove a stack that was never begun, with our change sets on it; False where other people's stand there.

        Raises:
            CloudError: AWS refused or did not answer.
        """


class Operations(Protocol):
    """CloudFormation at work on stacks. Each operation is followed until it is done; a failure is an answer.

    Args:
        heard: told each event of the stack, once, in order.
        within: seconds; what takes longer is lost sight of, and goes on.

    Raises:
        CloudError: AWS refused.
        LostSight: nobody can see it any more; CloudFormation goes on without us.
        StackBusyError: somebody else was first.
        StalePlanError: the change set is gone, or cannot be executed any more.
        Interrupted: the person said stop; CloudFormation goes on.
    """

    def execute(self, change_set_id: str, stack_id: str, heard: Heard, *, within: float) -> Execution:
        """Execute a change set."""

    def delete(self, stack_id: str, heard: Heard, *, within: float) -> Execution:
        """Delete a stack."""

    def recover(self, stack: DeployedStack, heard: Heard, *, within: float, skip: Sequence[str] = ()) -> Execution:
        """Take the way out that the stack's status has: continue the rollback, roll back, or delete.

        Args:
            skip: logical ids that a continued rollback leaves as they are.
        """

    def cancel(self, stack_id: str) -> None:
        """Give an update up; CloudFormation then goes back. Returns at once."""

    def protect(self, stack_id: str, on: bool) -> None:
        """Switch termination protection. Returns at once."""


class Quotas(Protocol):
    """How many instances the account may run behind endpoints, and how many it does."""

    def limits(self) -> Mapping[str, int]:
        """Instances by instance type; under the empty name the quota on all types together. What is missing is unknown.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def in_use(self, *, besides: frozenset[str]) -> Mapping[str, int]:
        """Instances behind endpoints, by instance type.

        Args:
            besides: names of endpoints that do not count.

        Raises:
            CloudError: AWS refused or did not answer.
        """


class Identity(Protocol):
    """Who we are to AWS."""

    def account(self) -> str:
        """The 12 digits of the account that the credentials belong to.

        Raises:
            CloudError: no credentials, expired, or AWS did not answer.
        """


class Endpoints(Protocol):
    """SageMaker's hosting, as far as we look at it."""

    def observe(self, name: str) -> ObservedEndpoint | None:
        """What SageMaker says of an endpoint; None where it knows none of this name.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def delete_log(self, name: str) -> None:
        """Delete all that its containers ever wrote.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def log(self, name: str, *, since: datetime | None = None, most: int = 20) -> ContainerLog:
        """The last lines that its containers wrote, of all streams in order of time.

        Args:
            since: only what was written at or after this moment, in UTC; None for the last lines whenever.
            most: lines at most, the last ones.

        Raises:
            CloudError: AWS refused or did not answer.
        """


class Usage(Protocol):
    """CloudWatch, as far as it says what an endpoint is used for."""

    def measure(self, variants: Sequence[VariantId], window: Window) -> Readings:
        """Every metric of every variant in the window; calls by hour, anything else by day.

        Raises:
            CloudError: AWS refused or did not answer.
        """


class Bills(Protocol):
    """Cost Explorer, which charges for every question; see domain.audit.REQUEST_USD."""

    def bill(self, environment: str, *, start: date, end: date) -> Bill:
        """What was spent on what is tagged with an environment, by month, model and usage type; two requests at most.

        Args:
            end: the first day that is not in it.

        Raises:
            CloudError: AWS refused or did not answer.
        """


class PriceList(Protocol):
    """AWS's own price list."""

    def price(self, region: str, instance_type: str, *, today: date) -> Price:
        """The list price of an hour of hosting.

        Raises:
            CloudError: there is not exactly one such product, or AWS refused or did not answer.
        """


class Detections(Protocol):
    """CloudFormation's own drift detection."""

    def resources(self, stack: DeployedStack) -> tuple[StackResource, ...]:
        """What a stack consists of, all pages.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def begin(self, stack: DeployedStack) -> str:
        """Let CloudFormation begin to compare, and return what to ask for the result with. Returns at once.

        Raises:
            CloudError: AWS refused (a stack in some states cannot be compared), or did not answer.
        """

    def result(self, stack: DeployedStack, detection: str, *, within: float) -> Detection:
        """Wait until it has compared, and read all pages; one that failed half-way has the results of the rest.

        Args:
            within: seconds; what takes longer is a detection that failed.

        Raises:
            CloudError: AWS refused or did not answer.
            Interrupted: the person said stop.
        """


class Observers(Protocol):
    """What the services say of single resources, in the words of CloudFormation's properties."""

    def together(self, wanted: Mapping[str, Sequence[str]]) -> Observers:
        """The same for one look at many: what a service tells of many at once is read once, when first asked about.

        Args:
            wanted: type to names that will be asked about; a variant is named as a scalable target of it would be.
        """

    def read(self, resource_type: str, name: str, *, of: str = "", tags: bool = True) -> Reading | None:
        """One resource, None where there is none. Most services tell tags with it; SageMaker is asked by `tags`.

        Args:
            name: what the service knows it by: a name, an ARN, a key's id.
            of: whose it is: of an access key the user's name, of a budget the account; an ARN where the name is none.
            tags: whether somebody wants them; they may be told all the same.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def scaled(self, endpoint: str, variants: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """Those of an endpoint's variants that have a scalable target, whoever made that: at least, at most.

        Raises:
            CloudError: AWS refused or did not answer.
        """

    def tags(self, arn: str) -> Mapping[str, str]:
        """Tags of a SageMaker resource, all pages, AWS's own among them.

        Raises:
            CloudError: AWS refused or did not answer, or there is no such resource.
        """

    def endpoints(self) -> tuple[ListedEndpoint, ...]:
        """Every endpoint of the account and region, all pages.

        Raises:
            CloudError: AWS refused or did not answer.
        """


class Examiner(Protocol):
    """What is asked about an account before anything is deployed there. It changes nothing."""

    def caller(self) -> str:
        """The ARN of whoever the credentials belong to.

        Raises:
            CloudError: no credentials, expired, or AWS did not answer.
        """

    def denied(self, asked: Sequence[Asked]) -> frozenset[str]:
        """Which of these actions IAM would deny to the caller.

        Raises:
            CloudError: the caller may not ask, or is nobody that IAM can simulate.
        """

    def package(self, arn: str) -> Package:
        """A model package, somebody else's too; that it is told does not prove a subscription.

        Raises:
            CloudError: not subscribed, no permission, no such package.
        """

    def subscribed(self, product_id: str) -> bool:
        """Whether Marketplace has an active agreement of this account on a product.

        Raises:
            CloudError: AWS refused or did not answer.
        """


class Clock(Protocol):
    """Time, for whoever waits."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class Cloud(Struct, frozen=True, kw_only=True):
    """The world of one environment, as the command line composed it."""

    stacks: Stacks
    operations: Operations
    identity: Identity
    endpoints: Endpoints
    quotas: Quotas
    detections: Detections
    observers: Observers
    usage: Usage
    bills: Bills
    price_list: PriceList
    examiner: Examiner
