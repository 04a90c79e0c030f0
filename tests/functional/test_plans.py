"""`esmcfn plan` against a sandbox in which things are really deployed."""

from __future__ import annotations

import hashlib
import json

import pytest

from esmcfn import sandbox


@pytest.fixture
def deployed(root):
    return root.deployed()


def changes(document, stack):
    (found,) = [each for each in document["stacks"] if each["name"] == stack]
    return {change["logical_id"]: change for change in found["changes"]}


def test_another_instance_type_reaches_the_endpoint_blue_green(deployed):
    deployed.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    document = deployed.esmcfn("plan", "dev", "-f", "json").document
    found = changes(document, "esm-dev-prototype-model")
    assert set(found) == {"EndpointConfig", "Endpoint"}
    assert found["EndpointConfig"]["action"] == "replace"
    names = {each["path"]: (each["before"], each["after"]) for each in found["EndpointConfig"]["properties"]}
    assert names["ProductionVariants/0/InstanceType"] == ("ml.g5.2xlarge", "ml.g5.4xlarge")
    before, after = names["EndpointConfigName"]
    assert before != after
    assert (found["Endpoint"]["action"], found["Endpoint"]["impact"]) == ("modify", "blue/green")
    assert "unexplained" not in json.dumps(document)
    assert document["summary"] == {"add": 0, "modify": 1, "replace": 1, "delete": 0, "unchanged": 2}


def test_what_was_planned_is_what_deploy_leaves_and_the_next_plan_is_empty(deployed):
    deployed.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    assert deployed.esmcfn("deploy", "dev", "--yes").code == 0
    document = deployed.esmcfn("plan", "dev", "-f", "json").document
    assert document["summary"] == {"add": 0, "modify": 0, "replace": 0, "delete": 0, "unchanged": 4}
    sagemaker = deployed.client("sagemaker")
    names = document["outputs"]["sagemaker_endpoints"]["prototype_model"]
    endpoint = sagemaker.describe_endpoint(EndpointName=names["endpoint_name"])
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == names["endpoint_config_name"]


def test_read_only_shows_the_same_changes_and_makes_no_change_set(deployed):
    deployed.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    asked = deployed.esmcfn("plan", "dev", "-f", "json").document
    compared = deployed.esmcfn("plan", "dev", "-f", "json", "--read-only").document
    assert compared["summary"] == asked["summary"]
    assert not compared["server_side"]


def test_the_plans_id_can_be_computed_from_the_document_alone(deployed):
    deployed.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    assert deployed.esmcfn("plan", "dev", "--out", "plan.json").code == 0
    document = json.loads((deployed.folder / "plan.json").read_text(encoding="utf-8"))
    assert any(stack["change_set_id"] for stack in document["stacks"])
    stable = {key: value for key, value in document.items() if key not in {"plan_id", "created_at", "expires_at"}}
    for stack in stable["stacks"]:
        stack.pop("change_set_id")
    canonical = json.dumps(stable, sort_keys=True, separators=(",", ":"))
    assert document["plan_id"] == "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def test_a_model_that_is_no_longer_selected_is_a_stack_to_delete(root_of):
    root = root_of("multi_model").deployed()
    text = (root.folder / "environments/dev.yaml").read_text(encoding="utf-8")
    (root.folder / "environments/dev.yaml").write_text(text.split("  performance_model:")[0], encoding="utf-8")
    document = root.esmcfn("plan", "dev", "-f", "json").document
    assert [stack["action"] for stack in document["stacks"]] == ["unchanged", "unchanged", "delete"]
    assert document["summary"]["delete"] == 3
    assert document["cost"]["delta_monthly"].startswith("-")
    narrowed = root.esmcfn("plan", "dev", "--model", "prototype_model", "-f", "json").document
    assert narrowed["summary"]["delete"] == 0
    assert root.esmcfn("deploy", "dev", "--yes").code == 0
    stacks = root.client("cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackName"] for stack in stacks} == {"esm-dev", "esm-dev-prototype-model"}


def test_nobody_elses_stack_is_ever_listed_for_deletion(deployed):
    client = deployed.client("cloudformation")
    topic = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    client.create_stack(StackName="esm-dev-neighbour", TemplateBody=topic)
    client.create_stack(StackName="else", TemplateBody=topic, Tags=[{"Key": "esmcfn:environment", "Value": "dev"}])
    document = deployed.esmcfn("plan", "dev", "-f", "json").document
    assert {stack["action"] for stack in document["stacks"]} == {"unchanged"}


@pytest.mark.parametrize(("example", "resources"), [("basic", 4), ("basic_shared_user", 8), ("multi_model", 7)])
def test_the_examples_plan_deploy_and_settle(root_of, example, resources):
    root = root_of(example)
    first = root.esmcfn("plan", "dev", "-f", "json")
    assert first.code == 0, first.err
    assert first.document["summary"]["add"] == resources
    assert first.document["cost"]["complete"] is False
    root.deployed()
    again = root.esmcfn("plan", "dev", "-f", "json").document
    assert again["summary"] == {"add": 0, "modify": 0, "replace": 0, "delete": 0, "unchanged": resources}


def test_the_secret_of_the_shared_user_is_nowhere_but_in_secrets_manager(root_of):
    root = root_of("basic_shared_user")
    sandbox.ensure(root.folder)
    sandbox.set_clock(root.folder, speed=100)
    deployed = root.esmcfn("-v", "deploy", "dev", "--yes", "-f", "json")
    assert deployed.code == 0
    stacks = {stack["StackName"]: stack for stack in root.client("cloudformation").describe_stacks()["Stacks"]}
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stacks["esm-dev"]["Outputs"]}
    arn = outputs["SharedServiceSecretArn"]
    secret = json.loads(root.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert secret["access_key_id"] == outputs["SharedServiceUserAccessKeyId"]
    planned = root.esmcfn("-v", "plan", "dev", "-f", "json")
    cache = "".join(path.read_text("utf-8") for path in root.folder.parent.rglob("*.json"))
    for text in (deployed.out, deployed.err, planned.out, planned.err, json.dumps(outputs), cache):
        assert secret["secret_access_key"] not in text


def test_a_template_changed_by_hand_is_compared_as_it_is(deployed):
    client = deployed.client("cloudformation")
    name = "esm-dev-prototype-model"
    body = (
        json.loads(client.get_template(StackName=name)["TemplateBody"])
        if isinstance(client.get_template(StackName=name)["TemplateBody"], str)
        else client.get_template(StackName=name)["TemplateBody"]
    )
    body = json.loads(json.dumps(body))
    body["Description"] = "by hand"
    body["Resources"]["Endpoint"]["Properties"]["Tags"].append({"Key": "Team", "Value": "x"})
    client.update_stack(StackName=name, TemplateBody=json.dumps(body))
    for _ in range(100):
        if client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE":
            break
    found = changes(deployed.esmcfn("plan", "dev", "-f", "json").document, name)
    (tag,) = found["Endpoint"]["properties"]
    assert (tag["path"], tag["before"], tag["after"]) == ("Tags/Team", "x", None)
