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
    github = done.document["github"]
    assert [(each["name"], each["variables"]) for each in github["environments"]] == [
        ("dev-plan", {"AWS_ROLE_ARN": made["PlanRoleArn"]}),
        ("dev", {"AWS_ROLE_ARN": made["DeployRoleArn"]}),
    ]
    keys = {"service_role_arn": made["ServiceRoleArn"], "artifact_bucket": made["ArtifactBucketName"]}
    assert (github["file"], github["keys"]) == ("environments/dev.yaml", keys)

    assert root.esmcfn("drift", "dev", "--bootstrap", "--strict").code == ExitCode.DONE
    root.client("iam").tag_role(RoleName="esmcfn-esm-dev-deploy", Tags=[{"Key": "Project", "Value": "mine"}])
    drifted = root.esmcfn("drift", "dev", "--bootstrap")
    assert drifted.code == ExitCode.DRIFT, drifted.err
    assert "esmcfn bootstrap dev --revert-drift, with the words of its first run," in drifted.out
    assert root.esmcfn("drift", "dev").code == ExitCode.DONE, "it is no part of the environment"
    assert root.esmcfn(*WORDS, "--revert-drift").code == ExitCode.DONE
    assert root.esmcfn("drift", "dev", "--bootstrap", "--strict").code == ExitCode.DONE
    again = root.esmcfn(*WORDS)
    assert again.code == ExitCode.DONE, again.err
    assert "nothing" in again.out.lower()
    set_variable = f"gh variable set AWS_ROLE_ARN --repo acme/models --env dev-plan --body {made['PlanRoleArn']}"
    assert f"    {set_variable}\n" in again.out
    variables = dict(line.split("=", 1) for line in root.esmcfn(*WORDS, "-f", "env").out.splitlines())
    assert variables == {
        "ESMCFN_PLAN_ROLE_ARN": f"'{made['PlanRoleArn']}'",
        "ESMCFN_DEPLOY_ROLE_ARN": f"'{made['DeployRoleArn']}'",
        "ESMCFN_SERVICE_ROLE_ARN": f"'{made['ServiceRoleArn']}'",
        "ESMCFN_ARTIFACT_BUCKET": f"'{made['ArtifactBucketName']}'",
    }

    lines = "".join(f"{key}: {value}\n" for key, value in keys.items())
    root.edit("region: us-east-2\n", f"region: us-east-2\n{lines}")
    plan = root.esmcfn("plan", "dev", "-f", "json")
    assert plan.code == ExitCode.DONE, plan.err
    assert "bootstrap" not in plan.out + plan.err
    assert plan.document["summary"]["delete"] == 0

    settings = "".join(f"        SETTING_{number}: '{'x' * 900}'\n" for number in range(60))
    container = "image: 123456789012.dkr.ecr.us-east-2.amazonaws.com/esm:1\n      environment:\n"
    root.write(
        "catalogs/esm.yaml",
        f"models:\n  ESMC-300M:\n    sagemaker_model_name: M\n    forge_model_name: m\n    endpoint_name: E\n"
        f"    instance_type: ml.g5.2xlarge\n    instance_count: 1\n    container:\n      {container}{settings}",
    )
    large = root.esmcfn("plan", "dev", "-f", "json")
    assert large.code == ExitCode.DONE, large.out[-2000:] + large.err
    objects = root.client("s3").list_objects_v2(Bucket=made["ArtifactBucketName"])["Contents"]
    assert [each["Key"].partition("/")[0] for each in objects] == ["templates"]
    root.edit(f"artifact_bucket: {made['ArtifactBucketName']}\n", "")
    refused = root.esmcfn("plan", "dev")
    assert refused.code == ExitCode.INPUT
    assert "name an artifact_bucket; esmcfn bootstrap makes one" in refused.err

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


EVERY_KEY = """\
    instance_count: 2
    autoscaling: {min_capacity: 2, max_capacity: 4, target_value: 60}
    alarms: {disk_percent: 80}
  other_model:
    selector: ESMC-300M
    instance_type: ml.c6i.4xlarge
    instance_count: 2
    alarms: true
alarm_topic: {emails: [oncall@example.com]}
budget: {usd_per_month: 9000, notify: [lab@example.com]}
termination_protection: true
log_retention_days: 90
kms_key_arn: arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000
log_kms_key_arn: arn:aws:kms:us-east-2:123456789012:key/ffffffff-0000-4000-8000-000000000000
"""


def test_an_environment_with_every_key_of_hosting_is_bootstrapped_and_once_for_all_its_models(root, tmp_path):
    """Its own rules judge what bootstrap makes: none of them may block it."""
    root.write("policies/levels.yaml", "production: [dev]\n")
    root.write("environments/dev.yaml", root.read("environments/dev.yaml").rstrip("\n") + "\n" + EVERY_KEY)
    root.edit("enable_shared_service_account: false", "enable_shared_service_account: true")
    done = root.esmcfn("bootstrap", "dev", "--repository", "acme/models", "--yes")
    assert done.code == 0, done.out + done.err

    def service_role(folder: str) -> object:
        out = tmp_path / folder
        assert root.esmcfn("bootstrap", "dev", "--repository", "acme/models", "--out", str(out)).code == 0
        (file,) = out.iterdir()
        return json.loads(file.read_text(encoding="utf-8"))["Resources"]["ServiceRole"]

    before = service_role("before")
    added = "  third_model:\n    selector: ESMC-300M\n    instance_count: 2\n    alarms: true\n"
    root.edit("alarm_topic:", f"{added}alarm_topic:")
    assert service_role("after") == before
