"""Nested stacks: made, planned, changed, taken back and deleted through the stack that holds them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .nesting import HOSTS, a_nested, child_of, uploaded
from .templates import a_role, a_template, a_topic
from .types import NESTED


def fault(world: World, name: str, **options: Any) -> None:
    world.sandbox.world.faults.add(name, options)


def a_child(display: str = "1", **more: Any) -> dict[str, Any]:
    """A nested template with a parameter and an output."""
    return {
        "Parameters": {"Name": {"Type": "String", "Default": display}},
        **a_template(Inner=a_topic(DisplayName={"Ref": "Name"}), **more),
        "Outputs": {"Arn": {"Value": {"Ref": "Inner"}}, "Name": {"Value": {"Ref": "Name"}}},
    }


def displays(world: World) -> list[str]:
    """Return the display names of every topic, sorted."""
    sns = world.client("sns")
    found = [sns.get_topic_attributes(TopicArn=topic["TopicArn"]) for topic in sns.list_topics()["Topics"]]
    return sorted(item["Attributes"]["DisplayName"] for item in found)


def update(world: World, template: object, **more: Any) -> str:
    plan = world.plan("s", template, kind="UPDATE", name="go")
    assert plan["Status"] == "CREATE_COMPLETE", plan.get("StatusReason")
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], **more)
    world.advance()
    return str(world.stack("s")["StackStatus"])


@pytest.mark.parametrize("style", HOSTS)
def test_a_nested_stack_gets_parameters_and_gives_outputs(world: World, style: str) -> None:
    url = uploaded(world, a_child(), style=style)
    template = a_template(
        Child=a_nested(url, Name={"Fn::Sub": "of ${AWS::StackName}"}),
        Outer=a_topic(DisplayName={"Fn::GetAtt": ["Child", "Outputs.Name"]}),
    )
    root = world.deploy("s", template, Tags=[{"Key": "a", "Value": "b"}])
    assert root["StackStatus"] == "CREATE_COMPLETE", world.reasons("s")
    child = world.stack(child_of(world, "s"))
    assert child["StackName"].startswith("s-Child-")
    assert (child["ParentId"], child["RootId"]) == (root["StackId"], root["StackId"])
    assert child["Parameters"] == [{"ParameterKey": "Name", "ParameterValue": "of s"}]
    assert child["Tags"] == [{"Key": "a", "Value": "b"}]
    assert displays(world) == ["of s", "of s"]
    done = [name for name, status in world.statuses(child["StackId"]) if status == "CREATE_COMPLETE"]
    assert done == ["Inner", child["StackName"]]
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert world.cfn.describe_stacks()["Stacks"] == []
    assert displays(world) == []
    assert world.stack(child["StackId"])["StackStatus"] == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("nested", "message"),
    [
        ({"TemplateURL": "https://example.org/x"}, "TemplateURL must be a supported URL."),
        ({"TemplateURL": "https://s3.amazonaws.com/nowhere/x"}, "S3 error"),
        ({"Parameters": {"Nope": "1"}}, r"Parameters: \[Nope\] do not exist in the template"),
    ],
)
def test_a_nested_stack_that_cannot_begin_fails_its_parent(world: World, nested: Any, message: str) -> None:
    child = a_nested(uploaded(world, a_child()))
    child["Properties"] |= nested
    assert world.deploy("s", a_template(Child=child))["StackStatus"] == "ROLLBACK_COMPLETE"
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(world.reasons("s")["Child"])
    assert [stack["StackName"] for stack in world.cfn.describe_stacks()["Stacks"]] == ["s"]


def test_what_nested_stacks_may_do_is_acknowledged_for_the_root(world: World) -> None:
    template = a_template(Child=a_nested(uploaded(world, a_template(R=a_role()))))
    assert world.deploy("s", template, Capabilities=[])["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Requires capabilities : [CAPABILITY_IAM]" in world.reasons("s")["Child"]


def test_each_property_of_a_nested_stack_is_honoured_and_changes(world: World) -> None:
    def seen() -> dict[str, Any]:
        child = world.stack(child_of(world, "s", "It"))
        return {
            "Parameters": {item["ParameterKey"]: item["ParameterValue"] for item in child["Parameters"]},
            "Tags": [tag for tag in child["Tags"] if not tag["Key"].startswith("aws:")],
            "NotificationARNs": child["NotificationARNs"],
        }

    word = {"Parameters": {"Word": {"Type": "String"}}}
    uploaded(world, {**word, **a_template(A=a_topic(DisplayName={"Ref": "Word"}))}, "child.json")
    uploaded(world, {**word, **a_template(B=a_topic(DisplayName={"Ref": "Word"}))}, "other.json")
    for part, topic in ((NESTED.create, "A"), (NESTED.update, "B")):
        world.deploy("s", NESTED.template(part))
        assert seen() == {name: value for name, value in part.items() if name != "TemplateURL"}
        (made,) = world.cfn.list_stack_resources(StackName=child_of(world, "s", "It"))["StackResourceSummaries"]
        assert made["LogicalResourceId"] == topic
    assert displays(world) == ["two"]
    refused = world.plan("s", NESTED.template({"TimeoutInMinutes": 5}), kind="UPDATE")
    assert "PropertyValidation" in refused["StatusReason"]


def test_an_output_that_a_nested_stack_lacks_is_not_found(world: World) -> None:
    url = uploaded(world, a_child())
    wrong = a_topic(DisplayName={"Fn::GetAtt": ["Child", "Outputs.Nope"]})
    assert world.deploy("s", a_template(Child=a_nested(url), Outer=wrong))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Output 'Nope' not found in stack" in world.reasons("s")["Outer"]
    with pytest.raises(ClientError, match="does not support attribute type Nope in Fn::GetAtt"):
        world.plan("t", a_template(C=a_nested(url), T=a_topic(DisplayName={"Fn::GetAtt": ["C", "Nope"]})))


def test_a_creation_that_fails_inside_is_taken_back_whole(world: World) -> None:
    fault(world, "handler", logical_id="Inner", message="the root cause")
    world.plan("s", a_template(Child=a_nested(uploaded(world, a_child()))))
    world.cfn.execute_change_set(ChangeSetName="plan", StackName="s")
    world.advance()
    assert world.stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = world.reasons("s")["Child"]
    assert reason.startswith("Embedded stack arn:aws:cloudformation:")
    assert reason.endswith("was not successfully created: The following resource(s) failed to create: [Inner].")
    child = reason.split()[2]
    assert "the root cause" in world.reasons(child)["Inner"]
    assert world.stack(child)["StackStatus"] == "DELETE_COMPLETE"


def test_a_nested_stack_is_always_looked_into_since_its_template_may_have_changed(world: World) -> None:
    url = uploaded(world, a_child())
    world.deploy("s", a_template(Child=a_nested(url)))
    child = child_of(world, "s")
    plan = world.plan("s", a_template(Child=a_nested(url)), kind="UPDATE")
    (change,) = [item["ResourceChange"] for item in plan["Changes"]]
    (detail,) = change["Details"]
    assert (change["Replacement"], detail["ChangeSource"]) == ("False", "Automatic")
    before = world.statuses(child)
    assert update(world, a_template(Child=a_nested(url))) == "UPDATE_COMPLETE"
    assert world.statuses(child) == before, "there was nothing to do in it"
    uploaded(world, a_child("2"))
    assert update(world, a_template(Child=a_nested(url))) == "UPDATE_COMPLETE"
    assert world.stack(child)["StackStatus"] == "UPDATE_COMPLETE"
    assert displays(world) == ["2"]


def test_a_change_set_may_include_nested_stacks(world: World) -> None:
    url = uploaded(world, a_child())
    template = a_template(Child=a_nested(url))
    plan = world.plan("s", template, IncludeNestedStacks=True)
    (change,) = [item["ResourceChange"] for item in plan["Changes"]]
    inner = world.cfn.describe_change_set(ChangeSetName=change["ChangeSetId"])
    assert [item["ResourceChange"]["LogicalResourceId"] for item in inner["Changes"]] == ["Inner"]
    assert (inner["ParentChangeSetId"], inner["RootChangeSetId"]) == (plan["ChangeSetId"], plan["ChangeSetId"])
    assert world.stack(inner["StackId"])["StackStatus"] == "REVIEW_IN_PROGRESS"
    with pytest.raises(ClientError, match="is nested: the sandbox changes it through its root"):
        world.cfn.execute_change_set(ChangeSetName=inner["ChangeSetId"])
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE", world.reasons("s")
    assert child_of(world, "s") == inner["StackId"]
    same = world.plan("s", template, kind="UPDATE", name="same", IncludeNestedStacks=True)
    assert same["Status"] == "FAILED", "with a look inside, nothing changes"
    uploaded(world, a_child("2"))
    new = world.plan("s", template, kind="UPDATE", name="new", IncludeNestedStacks=True)
    (change,) = [item["ResourceChange"] for item in new["Changes"]]
    inner = world.cfn.describe_change_set(ChangeSetName=change["ChangeSetId"], IncludePropertyValues=True)
    detail = inner["Changes"][0]["ResourceChange"]["Details"][0]
    assert (detail["Target"]["BeforeValue"], detail["Target"]["AfterValue"]) == ("1", "2")
    uploaded(world, a_child("3"))
    world.cfn.execute_change_set(ChangeSetName=new["ChangeSetId"])
    world.advance()
    assert displays(world) == ["2"], "what was planned is what is executed"


def test_a_change_set_that_is_deleted_takes_its_nested_ones_along(world: World) -> None:
    url = uploaded(world, a_child())
    middle = uploaded(world, a_template(Grandchild=a_nested(url)), "middle.json")
    plan = world.plan("s", a_template(Child=a_nested(middle)), IncludeNestedStacks=True)
    assert len(world.cfn.describe_stacks()["Stacks"]) == 3
    world.cfn.delete_change_set(ChangeSetName=plan["ChangeSetId"])
    assert [stack["StackName"] for stack in world.cfn.describe_stacks()["Stacks"]] == ["s"]
    world.plan("s", a_template(Child=a_nested(middle)), IncludeNestedStacks=True)
    world.cfn.delete_stack(StackName="s")
    assert world.cfn.describe_stacks()["Stacks"] == []


def test_a_stack_that_is_deleted_takes_along_what_a_change_set_prepared(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    both = a_template(T=a_topic(), Child=a_nested(uploaded(world, a_child())))
    world.plan("s", both, kind="UPDATE", IncludeNestedStacks=True)
    assert len(world.cfn.describe_stacks()["Stacks"]) == 2
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert world.cfn.describe_stacks()["Stacks"] == []


def test_a_nested_change_set_that_fails_fails_the_outer_one(world: World) -> None:
    url = uploaded(world, a_template(Inner=a_topic(Oops=1)))
    plan = world.plan("s", a_template(Child=a_nested(url)), IncludeNestedStacks=True)
    assert plan["Status"] == "FAILED"
    assert plan["StatusReason"].startswith("Nested change set arn:aws:cloudformation")
    inner = world.cfn.describe_change_set(ChangeSetName=plan["StatusReason"].split()[3])
    assert "PropertyValidation" in inner["StatusReason"]


def test_what_an_update_replaced_inside_comes_back_when_a_sibling_fails(world: World) -> None:
    url = uploaded(world, a_child(Named=a_topic(TopicName="old"), Gone=a_topic(DisplayName="gone")))
    world.deploy("s", a_template(Child=a_nested(url), Late={**a_topic(DisplayName="l"), "DependsOn": "Child"}))
    child, before = child_of(world, "s"), displays(world)
    arns = sorted(topic["TopicArn"] for topic in world.client("sns").list_topics()["Topics"])
    fault(world, "handler", logical_id="Late", operation="update")
    uploaded(world, a_child("2", Named=a_topic(TopicName="new"), Extra=a_topic()))
    late = {**a_topic(DisplayName="x"), "DependsOn": "Child"}
    assert update(world, a_template(Child=a_nested(url), Late=late)) == "UPDATE_ROLLBACK_COMPLETE"
    assert world.stack(child)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert displays(world) == before
    assert sorted(topic["TopicArn"] for topic in world.client("sns").list_topics()["Topics"]) == arns
    outputs = {item["OutputKey"]: item["OutputValue"] for item in world.stack(child)["Outputs"]}
    assert outputs["Name"] == "1"
    stages = [status for name, status in world.statuses(child) if name == world.stack(child)["StackName"]]
    assert stages[2:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]


def test_a_nested_rollback_that_fails_is_continued_through_the_root(world: World) -> None:
    url = uploaded(world, a_child(B={**a_topic(), "DependsOn": "Inner"}))
    world.deploy("s", a_template(Child=a_nested(url)))
    child = child_of(world, "s")
    fault(world, "handler", logical_id="B", operation="update")
    fault(world, "rollback", logical_id="Inner")
    uploaded(world, a_child("2", B={**a_topic(DisplayName="2"), "DependsOn": "Inner"}))
    assert update(world, a_template(Child=a_nested(url))) == "UPDATE_ROLLBACK_FAILED"
    assert world.stack(child)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(ClientError, match="is nested"):
        world.cfn.continue_update_rollback(StackName=child)
    name = world.stack(child)["StackName"]
    for wrong in ("Child", "Child.Inner", f"{name}.B", f"{name}.Nobody", "Inner"):
        with pytest.raises(ClientError, match="can not be skipped"):
            world.cfn.continue_update_rollback(StackName="s", ResourcesToSkip=[wrong])
    world.cfn.continue_update_rollback(StackName="s", ResourcesToSkip=[f"{name}.Inner"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.stack(child)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_forced_rollback_leaves_out_what_failed_at_any_depth(world: World) -> None:
    inner = uploaded(world, a_child(B={**a_topic(), "DependsOn": "Inner"}), "inner")
    middle = uploaded(world, a_template(Child=a_nested(inner)), "middle")
    world.deploy("s", a_template(Middle=a_nested(middle)))
    fault(world, "handler", logical_id="B", operation="update")
    fault(world, "rollback", logical_id="Inner")
    uploaded(world, a_child("2", B={**a_topic(DisplayName="2"), "DependsOn": "Inner"}), "inner")
    assert update(world, a_template(Middle=a_nested(middle))) == "UPDATE_ROLLBACK_FAILED"
    world.cfn.continue_update_rollback(StackName="s", ForceRollback=True)
    world.advance()
    found = {stack["StackStatus"] for stack in world.cfn.describe_stacks()["Stacks"]}
    assert found == {"UPDATE_ROLLBACK_COMPLETE"}


def test_a_paused_update_leaves_the_nested_stack_ready_for_both_ways(world: World) -> None:
    url = uploaded(world, a_child())
    before = a_template(Child=a_nested(url), Late={**a_topic(), "DependsOn": "Child"})
    world.deploy("s", before)
    child = child_of(world, "s")
    fault(world, "handler", logical_id="Late", times=2)
    uploaded(world, a_child("2"))
    after = a_template(Child=a_nested(url), Late={**a_topic(DisplayName="x"), "DependsOn": "Child"})
    assert update(world, after, DisableRollback=True) == "UPDATE_FAILED"
    assert update(world, after, DisableRollback=True) == "UPDATE_FAILED"
    world.cfn.rollback_stack(StackName="s")
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.stack(child)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert displays(world) == ["", "1"]
    assert update(world, after) == "UPDATE_COMPLETE"
    assert displays(world) == ["2", "x"]


def test_a_nested_stack_is_changed_through_its_root_only(world: World) -> None:
    url = uploaded(world, a_child())
    world.deploy("s", a_template(Child=a_nested(url)))
    child = child_of(world, "s")
    body = json.dumps(a_child("2"))
    for call in (
        lambda: world.cfn.update_stack(StackName=child, TemplateBody=body),
        lambda: world.cfn.create_change_set(StackName=child, ChangeSetName="x", TemplateBody=body),
        lambda: world.cfn.delete_stack(StackName=child),
    ):
        with pytest.raises(ClientError, match="is nested: the sandbox changes it through its root"):
            call()


def test_a_template_that_nests_itself_comes_to_an_end(world: World) -> None:
    url = uploaded(world, {})
    uploaded(world, a_template(Child=a_nested(url)))
    assert world.deploy("s", a_template(Child=a_nested(url)))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert [stack["StackName"] for stack in world.cfn.describe_stacks()["Stacks"]] == ["s"]


def test_drift_does_not_look_into_nested_stacks(world: World) -> None:
    world.deploy("s", a_template(Child=a_nested(uploaded(world, a_child()))))
    world.cfn.detect_stack_drift(StackName="s")
    assert world.cfn.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"] == []
    world.cfn.detect_stack_drift(StackName=child_of(world, "s"))
    found = world.cfn.describe_stack_resource_drifts(StackName=child_of(world, "s"))["StackResourceDrifts"]
    assert [item["LogicalResourceId"] for item in found] == ["Inner"]
