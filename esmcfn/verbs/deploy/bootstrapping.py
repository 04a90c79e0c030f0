"""`bootstrap`: what GitHub needs in an account before it can plan and deploy an environment there."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from esmcfn.domain.deployment import Deployment
from esmcfn.domain.github import ROLE_VARIABLE, GitHubEnvironment, GitHubSettings
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import ENVIRONMENT_TAG, BootstrapStack, GitHubRole, Selection
from esmcfn.errors import CloudError, ExitCode, UsageError
from esmcfn.permissions import READS, WRITES, Scope, document, of_handlers, of_verbs, scope_of
from esmcfn.resources.github import ISSUER
from esmcfn.template import synthesize_all
from esmcfn.verbs.deploy.deploying import Deed, Wishes, carried_out
from esmcfn.verbs.plan.sizing import refuse_long_policies
from esmcfn.verbs.world import Question, World

NAME = "bootstrap-{}"
"""What the stack's tag says in place of the environment's name: no environment takes it for its own."""

PREFIX = "esmcfn"
"""Where the names of its stack and roles begin; the service role may touch no role that begins so."""


DEED = Deed(verb="bootstrap", question=Question(text="Make these?"))


class Repository(Struct, frozen=True, kw_only=True):
    """Whom GitHub's tokens are trusted from.

    Attributes:
        name: "OWNER/NAME".
        number: GitHub's `repository_id`, or empty.
        branch: whose deploy workflow may deploy.
        plan_workflows: files in .github/workflows that may plan and read, on whatever branch.
        deploy_workflow: the file that may deploy, as it stands on that branch.
        provider_arn: GitHub's OIDC provider where the account has it already, or empty.
    """

    name: str
    number: str = ""
    branch: str = "main"
    plan_workflows: tuple[str, ...] = ("plan.yml", "drift.yml", "audit.yml")
    deploy_workflow: str = "deploy.yml"
    provider_arn: str = ""


def _refuse_shared_name(name: str, project: Project) -> None:
    """GitHub's environment NAME-plan plans NAME: were it also where NAME-plan is deployed, one would have two roles."""
    other = name.removesuffix("-plan") if name.endswith("-plan") else f"{name}-plan"
    if other in project.environment_names:
        plans, deploys = sorted((name, other), key=len)
        raise UsageError(
            f"{deploys} is what GitHub's environment that plans {plans} is called, and {deploys} would deploy there",
            next_step=f"rename environments/{deploys}.yaml",
        )


def bootstrap_selection(project: Project, selection: Selection, repository: Repository) -> Selection:
    """The one stack, as an environment of its own, so that it is planned, judged and deployed as any other.

    Raises:
        UsageError: an environment of the root is called as the stack's own would be.
        InputError: the policies of a role would be longer than IAM takes.
    """
    environment = selection.environment
    own = NAME.format(environment.name)
    if own in project.environment_names:
        raise UsageError(
            f"the environment {own} has the name that bootstrapping {environment.name} needs",
            next_step=f"rename environments/{own}.yaml",
        )
    _refuse_shared_name(environment.name, project)
    target = replace(selection.target, service_role_arn="")
    scope = scope_of(selection)
    roles = {kind: f"{PREFIX}-{scope.stacks}-{kind}" for kind in ("plan", "deploy", "service")}
    service_arn = scope.arn("iam", f"role/{PREFIX}/{roles['service']}")
    scope = replace(scope, service_role_arn=service_arn)
    stack = BootstrapStack(
        name=f"{PREFIX}-{own}",
        environment=own,
        target=target,
        tags={**environment.tags, ENVIRONMENT_TAG: own},
        repository=repository.name,
        repository_id=repository.number,
        provider_arn=repository.provider_arn,
        plan=GitHubRole(
            name=roles["plan"],
            environment=f"{environment.name}-plan",
            workflows=tuple(f"{_workflow(repository, file)}@*" for file in repository.plan_workflows),
            policy=_allowed(READS, scope),
        ),
        deploy=GitHubRole(
            name=roles["deploy"],
            environment=environment.name,
            workflows=(f"{_workflow(repository, repository.deploy_workflow)}@refs/heads/{repository.branch}",),
            policy=_allowed((*WRITES, "outputs", "status", "wait"), scope),
        ),
        service_role=roles["service"],
        service_policy=document(of_handlers(scope)),
        origins=environment.origins,
    )
    pretended = replace(
        environment, name=own, iam_role_name_prefix=PREFIX, selected_models=(), service_role_arn="", role_arn=""
    )
    chosen = replace(
        selection, environment=pretended, target=target, base=None, models=(), bootstrap=stack, narrowed=frozenset()
    )
    refuse_long_policies(synthesize_all(chosen))
    return chosen


def bootstrap(
    project: Project, selection: Selection, world: World, wishes: Wishes, *, repository: Repository
) -> Report:
    """Plan it, pass the policy gate, ask, execute; then say what goes into GitHub.

    Args:
        selection: as `bootstrap_selection` makes it.

    Raises:
        Interrupted, CloudError, StackBusyError: as deploying raises them.
    """
    try:
        done = carried_out(project, selection, world, wishes, DEED)
    except CloudError as error:
        if "GitHubProvider" not in error.message or "already exists" not in error.message:
            raise
        raise CloudError(
            error.message,
            code=error.code,
            operation=error.operation,
            next_step=f"the account has GitHub's provider already: add --oidc-provider-arn {_provider(selection)}",
        ) from error
    if not isinstance(done.body, Deployment) or done.exit_code is not ExitCode.DONE:
        return done
    return replace(done, body=replace(done.body, settings=settings(project, selection, repository, world)))


def settings(
    project: Project, selection: Selection, repository: Repository, world: World | None = None
) -> GitHubSettings | None:
    """What goes where. The bucket's name is CloudFormation's, so that only the deployed stack knows it.

    Args:
        world: where it is deployed; None where it is not.
    """
    stack = selection.bootstrap
    if stack is None:
        return None
    arn, branch = f"arn:{stack.target.partition}:iam::{stack.target.account}:role/{PREFIX}/", repository.branch
    keys = {"service_role_arn": f"{arn}{stack.service_role}"}
    if world is not None:
        for found in world.connect().stacks.deployed(base_name=stack.name, environment=stack.environment):
            keys["artifact_bucket"] = found.outputs["ArtifactBucketName"]
    return GitHubSettings(
        repository=repository.name,
        plan=GitHubEnvironment(
            name=stack.plan.environment,
            role_arn=f"{arn}{stack.plan.name}",
            branches=f"refs/pull/*/merge and the branch {branch}",
            reviewed=False,
        ),
        deploy=GitHubEnvironment(
            name=stack.deploy.environment,
            role_arn=f"{arn}{stack.deploy.name}",
            branches=f"the branch {branch} alone",
            reviewed=True,
        ),
        path=project.environment.path,
        keys=keys,
    )


def instructions(found: GitHubSettings | None) -> tuple[str, ...]:
    """The same in words, for who only looks at the template."""
    if found is None:
        return ()
    return (
        f"GitHub environment {found.plan.name}: variable {ROLE_VARIABLE} = {found.plan.role_arn}",
        f"GitHub environment {found.deploy.name}: variable {ROLE_VARIABLE} = {found.deploy.role_arn}; "
        "name its reviewers and its one branch there",
        *(f"{found.path}: {key}: {value}" for key, value in found.keys.items()),
    )


def _provider(selection: Selection) -> str:
    target = selection.target
    return f"arn:{target.partition}:iam::{target.account}:oidc-provider/{ISSUER}"


def _workflow(repository: Repository, file: str) -> str:
    return f"{repository.name}/.github/workflows/{file}"


def _allowed(verbs: Iterable[str], scope: Scope) -> dict[str, object]:
    return document(of_verbs(verbs, scope))
