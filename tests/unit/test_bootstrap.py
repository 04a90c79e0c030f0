"""What GitHub is trusted with: one repository, one environment, named workflows; and never more than the tables say."""

from __future__ import annotations

import json

import pytest
from builders import a_project, a_root, a_selection, an_environment
from msgspec.structs import replace
from test_permissions import EVERYTHING, KEY, WATCHED

from esmcfn.cli.program import run
from esmcfn.domain.project import Policy
from esmcfn.errors import InputError, UsageError
from esmcfn.permissions import VERBS
from esmcfn.policy import house
from esmcfn.template import synthesize_all
from esmcfn.verbs.deploy.bootstrapping import Repository, bootstrap_selection, instructions, settings
from esmcfn.verbs.plan.sizing import INLINE_CHARACTERS

ISSUER = "token.actions.githubusercontent.com"
ACME = Repository(name="acme/models")


def resources(repository=ACME, **changes) -> dict:
    selection = bootstrap_selection(a_project(), a_selection(**changes), repository)
    (template,) = synthesize_all(selection)
    return template.body["Resources"]


def trust(role, repository=ACME) -> dict:
    (statement,) = resources(repository)[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    return statement


def actions(role, effect="Allow") -> set[str]:
    return {
        action
        for policy in resources()[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == effect
        for action in statement["Action"]
    }


def test_the_plan_role_executes_nothing_and_is_told_so():
    writing = {"cloudformation:ExecuteChangeSet", "cloudformation:CreateStack", "cloudformation:UpdateStack"}
    assert not actions("PlanRole") & writing
    assert writing <= actions("PlanRole", "Deny")
    (deny,) = resources()["PlanRole"]["Properties"]["Policies"][-1]["PolicyDocument"]["Statement"]
    assert deny["Resource"] == "*"


def test_the_deploy_role_executes_and_makes_no_resource_itself():
    assert "cloudformation:ExecuteChangeSet" in actions("DeployRole")
    assert not [each for each in actions("DeployRole") if each.startswith(("sagemaker:Create", "iam:Create"))]
    writes = [each for each in actions("DeployRole") if each.startswith("iam:") and each[4:7] not in {"Get", "Lis"}]
    assert writes == ["iam:PassRole"]


def test_the_service_role_touches_none_of_these_roles():
    policy = json.dumps(resources()["ServiceRole"]["Properties"]["Policies"])
    assert ":role/esm-sagemaker-exec-dev" in policy
    assert ":role/esmcfn" not in policy
    assert "iam:*" not in policy


def test_the_deploy_role_is_for_one_workflow_of_one_branch_in_the_reviewed_environment():
    assert trust("DeployRole")["Condition"] == {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "repo:acme/models:environment:dev"},
        "StringLike": {f"{ISSUER}:job_workflow_ref": ["acme/models/.github/workflows/deploy.yml@refs/heads/main"]},
    }


def test_the_plan_role_is_for_the_environment_that_takes_pull_requests():
    condition = trust("PlanRole")["Condition"]
    assert condition["StringEquals"][f"{ISSUER}:sub"] == "repo:acme/models:environment:dev-plan"
    assert "acme/models/.github/workflows/plan.yml@*" in condition["StringLike"][f"{ISSUER}:job_workflow_ref"]


def test_a_number_pins_the_repository_whatever_its_subject_looks_like():
    condition = trust("DeployRole", replace(ACME, number="4711"))["Condition"]
    assert condition["StringEquals"] == {
        f"{ISSUER}:aud": "sts.amazonaws.com",
        f"{ISSUER}:repository_id": "4711",
        f"{ISSUER}:environment": "dev",
    }
    assert condition["StringLike"][f"{ISSUER}:sub"] == [
        "repo:acme/models:environment:dev",
        "repo:acme-*/models-*:environment:dev",
        "repo:acme@*/models@*:environment:dev",
    ]


def test_a_provider_that_is_there_is_used_and_not_made_again():
    arn = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
    there = replace(ACME, provider_arn=arn)
    assert "GitHubProvider" in resources()
    assert "GitHubProvider" not in resources(there)
    assert trust("PlanRole", there)["Principal"] == {"Federated": arn}


def test_the_bucket_is_encrypted_versioned_closed_and_spoken_to_over_tls_only():
    bucket = resources()["ArtifactBucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = resources()["ArtifactBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_names_fit_for_every_environment_whose_own_role_fits():
    environment = an_environment(name="e" * 44)
    made = resources(environment=environment)
    names = [each["Properties"]["RoleName"] for each in made.values() if each["Type"] == "AWS::IAM::Role"]
    assert max(map(len, names)) == 63


def test_an_environment_of_the_stacks_own_name_is_refused():
    project = replace(a_project(), environment_names=("dev", "bootstrap-dev"))
    with pytest.raises(UsageError, match="bootstrap-dev"):
        bootstrap_selection(project, a_selection(), ACME)


def test_what_to_write_where_names_each_role():
    chosen = bootstrap_selection(a_project(), a_selection(), ACME)
    said = "\n".join(instructions(settings(a_project(), chosen, ACME)))
    for role in ("plan", "deploy", "service"):
        assert f"arn:aws:iam::123456789012:role/esmcfn/esmcfn-esm-dev-{role}" in said


def test_the_roles_hold_what_the_tables_say():
    absent = {each for each in VERBS["plan"] if each.startswith(("budgets:", "kms:", "secretsmanager:"))}
    assert VERBS["plan"] - absent <= actions("PlanRole"), "dev has no budget, no key and no secret"
    assert (VERBS["deploy"] | VERBS["destroy"]) - absent <= actions("DeployRole")


@pytest.mark.parametrize(
    "words",
    [
        ("--repository", "acme"),
        ("--repository", "*/models"),
        ("--repository", "acme/models", "--repository-id", "4*"),
        ("--repository", "acme/models", "--branch", "*"),
        ("--repository", "acme/models", "--deploy-workflow", "*.yml"),
        ("--repository", "acme/models", "--plan-workflow", "a/b.yml"),
        ("--repository", "acme/models", "--oidc-provider-arn", "arn:aws:iam::123456789012:oidc-provider/evil"),
        ("--repository", "acme/models", "--model", "prototype_model"),
        ("--repository", "acme/models"),
    ],
    ids=" ".join,
)
def test_words_that_would_trust_more_or_that_nobody_agreed_to_are_refused(tmp_path, capsys, words):
    assert run(["--root", str(a_root(tmp_path)), "bootstrap", "dev", *words]) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("branch", "code"),
    [
        *((wrong, 2) for wrong in ("../x", "a..b", "/x", "x/", "x//y", "x/.y", ".x", "x.lock", "x.lock/y", "x.", "-x")),
        *((right, 0) for right in ("m", "release/1.x", "feature/a_b-c", "x.locked")),
    ],
)
def test_a_branch_is_what_git_calls_one(tmp_path, capsys, branch, code):
    words = ("--repository", "acme/models", "--out", str(tmp_path / "made"), f"--branch={branch}")
    assert run(["--root", str(a_root(tmp_path)), "bootstrap", "dev", *words]) == code
    assert capsys.readouterr().err


def test_the_template_alone_is_written_where_it_is_asked_for(tmp_path, capsys):
    root, out = a_root(tmp_path), tmp_path / "made"
    assert run(["--root", str(root), "bootstrap", "dev", "--repository", "acme/models", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "esmcfn-bootstrap-dev.json" in said.out
    assert ":role/esmcfn/esmcfn-esm-dev-deploy" in said.err
    assert json.loads((out / "esmcfn-bootstrap-dev.json").read_text())["Resources"].keys() == resources().keys()


def test_what_it_makes_for_every_feature_passes_our_own_rules_and_fits_into_a_role():
    many = tuple(replace(WATCHED, name=f"{WATCHED.name}-{number}", model=f"m{number}") for number in range(100))
    selection = bootstrap_selection(a_project(), replace(EVERYTHING, models=many), ACME)
    templates = synthesize_all(selection)
    assert not [finding for finding in house.findings(templates, Policy()) if finding.blocks]
    for role in ("PlanRole", "DeployRole", "ServiceRole"):
        policies = templates[0].body["Resources"][role]["Properties"]["Policies"]
        size = sum(len(json.dumps(each["PolicyDocument"], separators=(",", ":"))) for each in policies)
        assert size < INLINE_CHARACTERS, role


def test_so_many_keys_that_no_role_could_be_allowed_them_are_refused_before_anything_is_asked():
    keys = tuple(replace(WATCHED, model=f"m{number}", kms_key_arn=f"{KEY[:-3]}{number:03}") for number in range(100))
    with pytest.raises(InputError) as caught:
        bootstrap_selection(a_project(), replace(EVERYTHING, models=keys), ACME)
    (problem,) = caught.value.problems
    assert "ServiceRole" in problem.message
    assert "IAM takes 10,240" in problem.message
    assert "kms_key_arn" in problem.suggestion
    assert bootstrap_selection(a_project(), replace(EVERYTHING, models=keys[:10]), ACME).bootstrap


@pytest.mark.parametrize(("name", "other"), [("dev", "dev-plan"), ("dev-plan", "dev")])
def test_an_environment_that_is_called_as_the_one_that_plans_another_is_refused(name, other):
    project = replace(a_project(), environment_names=(name, other))
    selection = a_selection()
    selection = replace(selection, environment=replace(selection.environment, name=name))
    with pytest.raises(UsageError, match="dev-plan is what GitHub's environment that plans dev is called") as raised:
        bootstrap_selection(project, selection, Repository(name="acme/models"))
    assert raised.value.next_step == "rename environments/dev-plan.yaml"
