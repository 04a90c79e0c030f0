"""Bootstrapping as a whole process: judged by the real engines, deployed into a sandbox, and done once."""

from __future__ import annotations

import json

from esmcfn.errors import ExitCode

WORDS = ("bootstrap", "dev", "--repository", "acme/models", "--repository-id", "4711", "--yes")


def test_what_github_needs_is_judged_deployed_once_and_in_nobodys_way(root):
    done = root.esmcfn(*WORDS, "-f", "json")
    assert done.code == ExitCode.DONE, done.err
    assert done.document["schema"] == "esmcfn.bootstrap/v1"
    assert [stack["status"] for stack in done.document["stacks"]] == ["CREATE_COMPLETE"]
    (stack,) = root.client("cloudformation").describe_stacks(StackName="esmcfn-bootstrap-dev")["Stacks"]
    made = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    for role in ("PlanRoleArn", "DeployRoleArn", "ServiceRoleArn"):
        assert made[role] in done.err

    again = root.esmcfn(*WORDS)
    assert again.code == ExitCode.DONE, again.err
    assert "nothing" in again.out.lower()

    root.edit("region: us-east-2\n", f"region: us-east-2\nservice_role_arn: {made['ServiceRoleArn']}\n")
    plan = root.esmcfn("plan", "dev", "-f", "json")
    assert plan.code == ExitCode.DONE, plan.err
    assert "bootstrap" not in plan.out + plan.err
    assert plan.document["summary"]["delete"] == 0

    template = root.client("cloudformation").get_template(StackName="esmcfn-bootstrap-dev")["TemplateBody"]
    assert len(json.dumps(template)) < 51_200


def test_an_account_that_has_githubs_provider_is_told_so_before_anything_is_made_and_takes_its_arn(root):
    assert root.esmcfn(*WORDS).code == ExitCode.DONE
    root.write(
        "environments/two.yaml", root.read("environments/dev.yaml").replace("environment: dev", "environment: two")
    )
    words = ("bootstrap", "two", *WORDS[2:])
    refused = root.esmcfn(*words)
    assert refused.code == ExitCode.CLOUD
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    assert f"--oidc-provider-arn {arn}" in refused.err
    assert "esmcfn-bootstrap-two" not in [
        stack["StackName"] for stack in root.client("cloudformation").describe_stacks()["Stacks"]
    ]
    assert root.esmcfn(*words, "--oidc-provider-arn", arn).code == ExitCode.DONE
