"""Execution: order, events, rollback, cleanup, deletion, recovery."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .templates import a_role, a_template, a_topic, an_endpoint


def fault(world: World, name: str, **options: Any) -> None:
    world.sandbox.world.faults.add(name, options)


def execute(world: World, stack: str, template: object, **more: Any) -> None:
    """Plan and start an update, or a creation, and do not wait for it."""
    names = [s["StackName"] for s in world.cfn.describe_stacks()["Stacks"]]
    plan = world.plan(stack, template, kind="UPDATE" if stack in names else "CREATE", name="go")
    assert plan["Status"] == "CREATE_COMPLETE", plan.get("StatusReason")
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], **more)


def test_progress_is_visible_and_an_endpoint_takes_two_seconds(world: World) -> None:
    execute(world, "s", an_endpoint())
    assert world.stack("s")["StackStatus"] == "CREATE_IN_PROGRESS"
    world.advance(1)
    found = {
        r["LogicalResourceId"]: r["ResourceStatus"]
        for r in world.cfn.list_stack_resources(StackName="s")["StackResourceSummaries"]
    }
    assert found == {"Model": "CREATE_COMPLETE", "Config": "CREATE_COMPLETE", "Endpoint": "CREATE_IN_PROGRESS"}
    world.advance(2)
    assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE"


def test_resources_are_made_in_the_order_of_their_dependencies(world: World) -> None:
    world.deploy("s", an_endpoint())
    done = [name for name, status in world.statuses("s") if status == "CREATE_COMPLETE"]
    assert done == ["Model", "Config", "Endpoint", "s"]
    ids = world.cfn.describe_stack_resources(StackName="s")["StackResources"]
    endpoint = next(r for r in ids if r["LogicalResourceId"] == "Endpoint")
    assert endpoint["PhysicalResourceId"] == "arn:aws:sagemaker:us-east-2:123456789012:endpoint/endpoint-esmc-300m-1"


def test_a_failed_creation_rolls_back_and_leaves_nothing(world: World) -> None:
    fault(world, "capacity", instance_type="ml.g5.2xlarge")
    execute(world, "s", an_endpoint())
    world.advance()
    assert world.stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "InsufficientInstanceCapacity" in world.reasons("s")["Endpoint"]
    assert "HandlerErrorCode: NotStabilized" in world.reasons("s")["Endpoint"]
    held = world.sandbox.world.sagemaker.region("us-east-2")
    assert (held.models, held.configs, held.endpoints) == ({}, {}, {})
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        world.plan("s", an_endpoint(), kind="UPDATE")
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert world.cfn.describe_stacks()["Stacks"] == []


def test_one_failure_cancels_what_is_under_way(world: World) -> None:
    template = an_endpoint()
    template["Resources"]["Late"] = {**a_topic(), "DependsOn": "Config"}
    fault(world, "handler", logical_id="Late", message="no luck")
    execute(world, "s", template)
    world.advance()
    reasons = world.reasons("s")
    assert "no luck" in reasons["Late"]
    assert world.stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("on_failure", "status"),
    [("DELETE", "DELETE_COMPLETE"), ("DO_NOTHING", "CREATE_FAILED"), ("ROLLBACK", "ROLLBACK_COMPLETE")],
)
def test_on_stack_failure(world: World, on_failure: str, status: str) -> None:
    fault(world, "handler", logical_id="B")
    plan = world.plan("s", a_template(A=a_topic(), B={**a_topic(), "DependsOn": "A"}), OnStackFailure=on_failure)
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert world.stack(plan["StackId"])["StackStatus"] == status
    topics = world.client("sns").list_topics()["Topics"]
    assert len(topics) == (1 if on_failure == "DO_NOTHING" else 0)


def test_an_update_makes_the_new_before_it_deletes_the_old(world: World) -> None:
    world.deploy("s", an_endpoint())
    world.deploy("s", an_endpoint(instance_type="ml.g5.4xlarge", suffix="2"))
    after = [entry for entry in world.statuses("s") if not entry[1].startswith(("CREATE", "REVIEW"))]
    assert after == [
        ("s", "UPDATE_IN_PROGRESS"),
        ("Config", "UPDATE_IN_PROGRESS"),
        ("Config", "UPDATE_IN_PROGRESS"),
        ("Config", "UPDATE_COMPLETE"),
        ("Endpoint", "UPDATE_IN_PROGRESS"),
        ("Endpoint", "UPDATE_COMPLETE"),
        ("s", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("Config", "DELETE_IN_PROGRESS"),
        ("Config", "DELETE_COMPLETE"),
        ("s", "UPDATE_COMPLETE"),
    ]
    held = world.sandbox.world.sagemaker.region("us-east-2")
    assert list(held.configs) == ["config-2"]
    assert held.endpoints["endpoint-esmc-300m-1"].config_name == "Config-2"


def test_a_failed_update_returns_to_what_was(world: World) -> None:
    world.deploy("s", an_endpoint())
    fault(world, "capacity", instance_type="ml.g5.4xlarge")
    execute(world, "s", an_endpoint(instance_type="ml.g5.4xlarge", suffix="2"))
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    held = world.sandbox.world.sagemaker.region("us-east-2")
    assert list(held.configs) == ["config-1"]
    assert held.endpoints["endpoint-esmc-300m-1"].config_name == "Config-1"
    body = world.cfn.get_template(StackName="s")["TemplateBody"]
    assert body == an_endpoint()


def test_quota_is_needed_twice_for_a_blue_green_update(world: World) -> None:
    world.deploy("s", an_endpoint())
    fault(world, "quota", instance_type="ml.g5.2xlarge", limit=1)
    execute(world, "s", an_endpoint(suffix="2"))
    world.advance()
    assert "current utilization of 1 Instances and a request delta of 1" in world.reasons("s")["Endpoint"]
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_rollback_that_fails_waits_for_a_person(world: World) -> None:
    world.deploy("s", a_template(A=a_topic(DisplayName="1"), B={**a_topic(), "DependsOn": "A"}))
    fault(world, "handler", logical_id="B", operation="update")
    fault(world, "rollback", logical_id="A", times=1)
    execute(world, "s", a_template(A=a_topic(DisplayName="2"), B={**a_topic(DisplayName="2"), "DependsOn": "A"}))
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert world.stack("s")["StackStatusReason"] == "The following resource(s) failed to update: [A]."
    with pytest.raises(ClientError, match="can not be updated"):
        world.plan("s", a_template(A=a_topic()), kind="UPDATE")
    with pytest.raises(ClientError, match="can not be skipped"):
        world.cfn.continue_update_rollback(StackName="s", ResourcesToSkip=["B"])
    world.cfn.continue_update_rollback(StackName="s")
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_resource_may_be_left_out_of_a_rollback(world: World) -> None:
    world.deploy("s", a_template(A=a_topic(DisplayName="1"), B={**a_topic(), "DependsOn": "A"}))
    fault(world, "handler", logical_id="B", operation="update")
    fault(world, "rollback", logical_id="A")
    execute(world, "s", a_template(A=a_topic(DisplayName="2"), B={**a_topic(DisplayName="2"), "DependsOn": "A"}))
    world.advance()
    world.cfn.continue_update_rollback(StackName="s", ResourcesToSkip=["A"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_an_update_may_be_paused_and_rolled_back_later(world: World) -> None:
    world.deploy("s", a_template(A=a_topic(DisplayName="1")))
    fault(world, "handler", logical_id="B", times=1)
    execute(world, "s", a_template(A=a_topic(DisplayName="2"), B={**a_topic(), "DependsOn": "A"}), DisableRollback=True)
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_FAILED"
    world.cfn.rollback_stack(StackName="s")
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (arn,) = [t["TopicArn"] for t in world.client("sns").list_topics()["Topics"]]
    assert world.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "1"


def test_a_pause_remembers_what_an_earlier_attempt_changed(world: World) -> None:
    world.deploy("s", a_template(A=a_topic(DisplayName="1")))
    fault(world, "handler", logical_id="B", times=2)
    after = a_template(A=a_topic(DisplayName="2"), B={**a_topic(), "DependsOn": "A"})
    for _ in range(2):
        execute(world, "s", after, DisableRollback=True)
        world.advance()
    world.cfn.rollback_stack(StackName="s")
    world.advance()
    (arn,) = [t["TopicArn"] for t in world.client("sns").list_topics()["Topics"]]
    assert world.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "1"


def test_a_failed_export_leaves_the_outputs_as_they_were(world: World) -> None:
    def exporting(name: str) -> dict[str, Any]:
        return {**a_template(A=a_topic()), "Outputs": {"X": {"Value": name, "Export": {"Name": name}}}}

    world.deploy("a", exporting("x"))
    world.deploy("s", exporting("y"))
    execute(world, "s", exporting("x"))
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert [output["OutputValue"] for output in world.stack("s")["Outputs"]] == ["y"]


def test_an_update_may_be_cancelled(world: World) -> None:
    world.deploy("s", an_endpoint())
    execute(world, "s", an_endpoint(suffix="2"))
    world.advance(1)
    world.cfn.cancel_update_stack(StackName="s")
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.sandbox.world.sagemaker.region("us-east-2").endpoints["endpoint-esmc-300m-1"].config_name == "Config-1"
    with pytest.raises(ClientError, match="cannot be called from current stack status"):
        world.cfn.cancel_update_stack(StackName="s")


def test_a_custom_named_resource_cannot_be_replaced_under_its_name(world: World) -> None:
    world.deploy("s", a_template(R=a_role(RoleName="fixed", Path="/a/")))
    execute(world, "s", a_template(R=a_role(RoleName="fixed", Path="/b/")))
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.reasons("s")["R"] == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        "Rename fixed and update the stack again."
    )


def test_a_sagemaker_name_clash_is_the_services_own(world: World) -> None:
    world.deploy("s", an_endpoint())
    execute(world, "s", an_endpoint(instance_type="ml.g5.4xlarge"))
    world.advance()
    reason = world.reasons("s")["Config"]
    assert 'Cannot create already existing endpoint configuration "arn:aws:sagemaker' in reason
    assert "HandlerErrorCode: AlreadyExists" in reason


def test_deletion_goes_the_other_way_and_retains(world: World) -> None:
    template = a_template(A={**a_topic(), "DeletionPolicy": "Retain"}, B={**a_topic(), "DependsOn": "A"})
    stack = world.deploy("s", template)
    world.cfn.delete_stack(StackName="s", ClientRequestToken="bye")
    assert world.stack("s")["StackStatus"] == "DELETE_IN_PROGRESS"
    world.advance()
    with pytest.raises(ClientError, match="Stack with id s does not exist"):
        world.stack("s")
    assert world.stack(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    events = world.cfn.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    mine = [
        (e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(events) if e.get("ClientRequestToken") == "bye"
    ]
    assert mine == [
        ("s", "DELETE_IN_PROGRESS"),
        ("B", "DELETE_IN_PROGRESS"),
        ("B", "DELETE_COMPLETE"),
        ("A", "DELETE_SKIPPED"),
        ("s", "DELETE_COMPLETE"),
    ]
    assert len(world.client("sns").list_topics()["Topics"]) == 1


def test_a_deletion_that_fails_can_be_forced(world: World) -> None:
    world.deploy("s", a_template(A=a_topic()))
    fault(world, "handler", logical_id="A", operation="delete", message="still in use")
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert world.stack("s")["StackStatus"] == "DELETE_FAILED"
    world.cfn.delete_stack(StackName="s", DeletionMode="FORCE_DELETE_STACK")
    world.advance()
    assert world.cfn.describe_stacks()["Stacks"] == []


def test_what_cannot_be_cleaned_up_is_an_orphan_of_a_good_update(world: World) -> None:
    world.deploy("s", a_template(A=a_topic(), B=a_topic()))
    fault(world, "handler", logical_id="B", operation="delete")
    execute(world, "s", a_template(A=a_topic(DisplayName="x")))
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_COMPLETE"
    assert world.statuses("s").count(("B", "DELETE_FAILED")) == 3
    assert len(world.client("sns").list_topics()["Topics"]) == 2


def test_termination_protection_is_kept(world: World) -> None:
    world.deploy("s", a_template(A=a_topic()))
    world.cfn.update_termination_protection(StackName="s", EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        world.cfn.delete_stack(StackName="s")
    assert world.stack("s")["EnableTerminationProtection"] is True


def test_an_export_in_use_keeps_its_stack(world: World) -> None:
    exporting = {**a_template(A=a_topic()), "Outputs": {"X": {"Value": {"Ref": "A"}, "Export": {"Name": "x"}}}}
    world.deploy("a", exporting)
    world.deploy(
        "b", a_template(B=a_topic(DisplayName={"Fn::Select": [5, {"Fn::Split": [":", {"Fn::ImportValue": "x"}]}]}))
    )
    world.cfn.delete_stack(StackName="a")
    world.advance()
    assert world.stack("a")["StackStatus"] == "CREATE_COMPLETE"
    assert "Cannot delete export x as it is in use by b." in world.stack("a")["StackStatusReason"]
    assert world.cfn.list_imports(ExportName="x")["Imports"] == ["b"]
    assert world.cfn.list_exports()["Exports"][0]["Name"] == "x"
    plan = world.plan("c", a_template(B=a_topic(DisplayName={"Fn::ImportValue": "nope"})))
    assert plan["StatusReason"] == "No export named nope found."


def test_one_token_starts_one_operation(world: World) -> None:
    execute(world, "s", a_template(A=a_topic()), ClientRequestToken="t")
    world.advance()
    plan = world.plan("s", a_template(A=a_topic(DisplayName="x")), kind="UPDATE", name="two")
    with pytest.raises(ClientError) as caught:
        world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], ClientRequestToken="t")
    assert caught.value.response["Error"]["Code"] == "TokenAlreadyExistsException"


def test_the_template_comes_back_byte_for_byte(world: World) -> None:
    body = (
        "Resources:\r\n  T:\n    Type: AWS::SNS::Topic  # <&> \u00e9\n"
        "    Properties: {DisplayName: !Sub '${AWS::StackName}'}\n\n"
    )
    world.deploy("s", body)
    assert world.cfn.get_template(StackName="s")["TemplateBody"] == body
    (arn,) = [t["TopicArn"] for t in world.client("sns").list_topics()["Topics"]]
    assert world.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "s"


def test_a_stack_may_be_made_without_a_change_set(world: World) -> None:
    body = json.dumps(a_template(A=a_topic()))
    world.cfn.create_stack(StackName="s", TemplateBody=body)
    with pytest.raises(ClientError, match=r"Stack \[s\] already exists"):
        world.cfn.create_stack(StackName="s", TemplateBody=body)
    with pytest.raises(ClientError, match="can not be updated"):
        world.cfn.update_stack(StackName="s", TemplateBody=body)
    world.advance()
    with pytest.raises(ClientError, match="No updates are to be performed"):
        world.cfn.update_stack(StackName="s", TemplateBody=body)
    assert world.cfn.validate_template(TemplateBody=body)["Parameters"] == []
    assert world.cfn.get_template_summary(StackName="s")["ResourceTypes"] == ["AWS::SNS::Topic"]


def test_many_stacks_are_described_in_pages(world: World) -> None:
    for index in range(101):
        world.cfn.create_stack(StackName=f"s{index}", TemplateBody=json.dumps(a_template(A=a_topic(DisplayName="x"))))
    world.advance()
    page = world.cfn.describe_stacks()
    assert len(page["Stacks"]) == 100
    assert len(world.cfn.describe_stacks(NextToken=page["NextToken"])["Stacks"]) == 1


def test_a_silent_rollback_succeeds_for_cloudformation_only(world: World) -> None:
    world.deploy("s", an_endpoint())
    fault(world, "silent-rollback", times=1)
    execute(world, "s", an_endpoint(suffix="2"))
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_COMPLETE"
    assert world.sandbox.world.sagemaker.region("us-east-2").endpoints["endpoint-esmc-300m-1"].config_name == "Config-1"


def test_what_exists_can_be_imported_and_nothing_else(world: World) -> None:
    arn = world.client("sns").create_topic(Name="old", Attributes={"DisplayName": "x"})["TopicArn"]
    topic = {**a_topic(TopicName="old", DisplayName="x"), "DeletionPolicy": "Retain"}
    asked = {"ResourceType": "AWS::SNS::Topic", "LogicalResourceId": "T", "ResourceIdentifier": {"TopicArn": arn}}
    missing = {**asked, "ResourceIdentifier": {"TopicArn": arn + "x"}}
    failed = world.plan("s", a_template(T=topic), kind="IMPORT", name="a", ResourcesToImport=[missing])
    assert failed["Status"] == "FAILED"
    plan = world.plan("s", a_template(T=topic), kind="IMPORT", name="b", ResourcesToImport=[asked])
    (change,) = plan["Changes"]
    assert (change["ResourceChange"]["Action"], change["ResourceChange"]["PhysicalResourceId"]) == ("Import", arn)
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "IMPORT_COMPLETE"
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert [t["TopicArn"] for t in world.client("sns").list_topics()["Topics"]] == [arn]
