"""What the containers of an environment wrote: its stacks leave it behind, and a person may ask that it goes, too."""

from __future__ import annotations

from collections.abc import Sequence

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.stack import Selection
from esmcfn.errors import CloudError
from esmcfn.ports import Cloud

GROUP = "/aws/sagemaker/Endpoints/{}"
"""Where SageMaker has an endpoint's containers write.

https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

LOG = f"the container log of {{0}} (log group {GROUP.format('{0}')})"

STAYS = f"{LOG}, which no stack deletes; --delete-logs removes it"


class Logs:
    """The container logs of an environment's endpoints.

    Args:
        selection: of the environment's file: a parked model's stack names no endpoint any more, the file still does.
        deployed: its stacks, as they were before they went.
    """

    def __init__(self, cloud: Cloud, selection: Selection, deployed: Sequence[DeployedStack]) -> None:
        self._cloud = cloud
        names = {stack.endpoint_name for stack in selection.models}
        names |= {stack.outputs["EndpointName"] for stack in deployed if "EndpointName" in stack.outputs}
        self._names = sorted(names)

    @property
    def groups(self) -> frozenset[str]:
        """Names of their log groups; of some a stack says that it leaves them behind."""
        return frozenset(GROUP.format(name) for name in self._names)

    def found(self) -> tuple[str, ...]:
        """Names of endpoints of which there is a log.

        Raises:
            CloudError: AWS refused or did not answer, so that nobody knows what would be deleted.
        """
        return tuple(name for name in self._names if self._there(name))

    def settled(self, *, delete: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What was deleted, and what is left, one sentence each."""
        deleted, left = [], []
        for name in self._names:
            try:
                if not self._there(name):
                    continue
                if delete:
                    self._cloud.endpoints.delete_log(name)
                    deleted.append(LOG.format(name))
                else:
                    left.append(STAYS.format(name))
            except CloudError as error:
                left.append(f"whatever the container of {name} wrote: {error.message}")
        return tuple(deleted), tuple(left)

    def _there(self, name: str) -> bool:
        return self._cloud.endpoints.log(name, most=1).exists
