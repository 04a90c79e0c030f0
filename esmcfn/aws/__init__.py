"""The only room that speaks boto3: one small adapter a service, one border where its errors become ours.

connect      a Reach -> Cloud: adapters behind the ports, clients made when first used
session      sessions, client settings, translated() errors
stacks       CloudFormation: what is deployed, change sets
changeset    reading a change set: pages, warnings, both ways to say "nothing to do"
execution    following a stack while it is executed or deleted
endpoints    SageMaker's endpoints, and the logs of their containers
identity     STS
"""

from __future__ import annotations

from esmcfn.aws.endpoints import SageMakerEndpoints
from esmcfn.aws.identity import StsIdentity
from esmcfn.aws.session import Clients, Reach
from esmcfn.aws.stacks import CloudFormationStacks
from esmcfn.ports import Cloud

__all__ = ["Reach", "connect"]


def connect(reach: Reach) -> Cloud:
    """The adapters of one environment; no call is made yet."""
    clients = Clients(reach)
    return Cloud(
        stacks=CloudFormationStacks(clients), identity=StsIdentity(clients), endpoints=SageMakerEndpoints(clients)
    )
