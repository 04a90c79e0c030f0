"""The only room that speaks boto3: one small adapter a service, one border where its errors become ours.

connect      a Reach -> Cloud: adapters behind the ports, clients made when first used
session      sessions, client settings, translated() errors
halting      after a signal nothing is begun any more
stacks       CloudFormation: what is deployed
proposals    change sets: asked for, awaited, read, removed
changeset    what a change set says: warnings, both ways to say "nothing to do"
refusals     why there is no change set, and what to do
execution    executing, deleting and recovering stacks
events pace  following a stack: each event once, and not too often
endpoints    SageMaker's endpoints, and the logs of their containers
detections   CloudFormation's own drift detection
observers    single resources as their services tell them; access, hosting, topics, secrecy and budgets have a part each
quotas       how many instances the account may run, and does
usage        CloudWatch: what endpoints are used for
bills        Cost Explorer: what was spent
pricelist    the Price List: what an hour of hosting costs
identity     STS
examiner     what doctor asks besides: IAM's simulation, model packages, Marketplace's agreements
uploads      templates that are too large to be sent along
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from esmcfn.aws.bills import CostExplorerBills
from esmcfn.aws.detections import CloudFormationDetections
from esmcfn.aws.endpoints import SageMakerEndpoints
from esmcfn.aws.examiner import AccountExaminer
from esmcfn.aws.execution import CloudFormationOperations
from esmcfn.aws.identity import StsIdentity
from esmcfn.aws.observers import ServiceObservers
from esmcfn.aws.pricelist import AwsPriceList
from esmcfn.aws.quotas import AccountQuotas
from esmcfn.aws.session import Clients, Reach
from esmcfn.aws.stacks import CloudFormationStacks
from esmcfn.aws.usage import CloudWatchUsage
from esmcfn.ports import Cloud

__all__ = ["Reach", "connect"]


def connect(reach: Reach, *, halted: Callable[[], bool] = lambda: False) -> Cloud:
    """The adapters of one environment; no call is made yet.

    Args:
        halted: whether this process was told to stop; then nothing that changes AWS is begun, only cleared away.
    """
    clients, stop = Clients(reach, halted), threading.Event()
    stacks = CloudFormationStacks(clients, stop)
    return Cloud(
        stacks=stacks,
        operations=CloudFormationOperations(clients, stop, actor=reach.actor, holder=stacks.holder),
        identity=StsIdentity(clients),
        endpoints=SageMakerEndpoints(clients),
        quotas=AccountQuotas(clients),
        usage=CloudWatchUsage(clients),
        bills=CostExplorerBills(clients),
        price_list=AwsPriceList(clients),
        examiner=AccountExaminer(clients),
        detections=CloudFormationDetections(clients, stop),
        observers=ServiceObservers(clients),
    )
