"""The account guard: nothing is read as ours, and nothing written, in an account that is not the environment's."""

from __future__ import annotations

from collections.abc import Sequence

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.project import Project
from esmcfn.domain.stack import Selection
from esmcfn.domain.standing import Stray, Survey
from esmcfn.errors import WrongAccount
from esmcfn.ports import Cloud


def guarded(selection: Selection, cloud: Cloud) -> tuple[DeployedStack, ...]:
    """What is deployed, once it is sure that this is the right account; see `surveyed`."""
    return surveyed(selection, cloud).ours


def surveyed(selection: Selection, cloud: Cloud) -> Survey:
    """What is deployed, with what other environments have beside it, once it is sure that this is the right account.

    A stack's ARN names its account, so STS is asked only where there is no stack to read it from.

    Raises:
        WrongAccount: the credentials belong to another account.
        CloudError: AWS refused or did not answer.
    """
    environment = selection.environment
    found = cloud.stacks.survey(
        base_name=f"{environment.iam_role_name_prefix}-{environment.name}", environment=environment.name
    )
    account = _account_of(found.ours) or cloud.identity.account()
    if account != selection.target.account:
        raise WrongAccount(
            f"{environment.name} belongs to account {selection.target.account}, the credentials to {account}",
            next_step="use the right profile (--profile, or `profile:` in the environment), or correct `account:`",
        )
    return found


def strays(project: Project, found: Survey) -> tuple[Stray, ...]:
    """Environments that run in this account and region, and for which the root has no file."""
    known = {project.environment.name, *project.environment_names}
    known |= {f"bootstrap-{name}" for name in known}
    return tuple(
        Stray(environment=name, stacks=stacks) for name, stacks in sorted(found.others.items()) if name not in known
    )


def _account_of(deployed: Sequence[DeployedStack]) -> str:
    return deployed[0].stack_id.split(":")[4] if deployed else ""
