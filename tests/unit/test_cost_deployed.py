"""Reading what a deployed template hosts: ours exactly, a hand-edited one as far as it can be read."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from builders import PACKAGE, a_container, a_stack, a_variant
from hypothesis import given
from hypothesis import strategies as st

from esmcfn import cost
from esmcfn.domain.cost import HostedVariant, PriceBook
from esmcfn.template import synthesize

SOFTWARE = {PACKAGE: Decimal("1.50")}


def a_body(**stack_changes: Any) -> dict[str, Any]:
    """A template of ours, free to be changed by hand."""
    return copy.deepcopy(dict(synthesize(a_stack(**stack_changes)).body))


def read(body: dict[str, Any], software: dict[str, Decimal | None] | None = None) -> tuple[HostedVariant, ...]:
    return cost.hosted_in(
        body,
        stack="esm-dev-prototype-model",
        model="prototype_model",
        software=SOFTWARE if software is None else software,
    )


def properties(body: dict[str, Any], logical_id: str) -> dict[str, Any]:
    return body["Resources"][logical_id]["Properties"]


def variant(body: dict[str, Any]) -> dict[str, Any]:
    return properties(body, "EndpointConfig")["ProductionVariants"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"variant": a_variant(instance_type="ml.g5.4xlarge", instance_count=3)},
        {"software_usd_per_hour": Decimal("1.50")},
        {"package": "", "container": a_container()},
        {"parked": True},
    ],
)
def test_what_was_built_is_read_back(changes):
    stack = a_stack(**changes)
    assert read(a_body(**changes), {PACKAGE: stack.software_usd_per_hour}) == cost.hosted(stack)


def test_without_an_endpoint_nothing_is_paid_by_the_hour():
    body = a_body()
    del body["Resources"]["Endpoint"]
    assert read(body) == ()


@pytest.mark.parametrize(
    "reference",
    [
        {"Ref": "EndpointConfig"},
        {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]},
        {"Fn::GetAtt": "EndpointConfig.EndpointConfigName"},
    ],
)
def test_an_endpoint_may_refer_to_its_configuration(reference):
    body = a_body()
    properties(body, "Endpoint")["EndpointConfigName"] = reference
    del properties(body, "EndpointConfig")["EndpointConfigName"]
    variant(body)["ModelName"] = {"Fn::GetAtt": ["Model", "ModelName"]}
    (hosted,) = read(body)
    assert (hosted.instance_type, hosted.software_usd_per_hour) == ("ml.g5.2xlarge", Decimal("1.50"))


def test_every_variant_of_every_endpoint_is_paid_for_shadows_too():
    body = a_body()
    config = properties(body, "EndpointConfig")
    config["ShadowProductionVariants"] = [{**variant(body), "VariantName": "shadow", "InstanceType": "ml.g6.xlarge"}]
    body["Resources"]["Second"] = copy.deepcopy(body["Resources"]["Endpoint"])
    assert [each.instance_type for each in read(body)] == ["ml.g5.2xlarge", "ml.g6.xlarge"] * 2


def test_a_count_may_be_text_as_cloudformation_allows():
    body = a_body()
    variant(body)["InitialInstanceCount"] = "4"
    assert read(body)[0].expected_count == 4


def _no_configuration(body):
    properties(body, "Endpoint")["EndpointConfigName"] = "somebody-else-s"


def _computed_name(body):
    properties(body, "Endpoint")["EndpointConfigName"] = {"Fn::Sub": "${Prefix}-config"}


def _reference_to_another_kind(body):
    properties(body, "Endpoint")["EndpointConfigName"] = {"Ref": "Model"}


def _empty_reference(body):
    properties(body, "Endpoint")["EndpointConfigName"] = {"Fn::GetAtt": []}


def _count_from_a_parameter(body):
    variant(body)["InitialInstanceCount"] = {"Ref": "Count"}


def _no_count(body):
    del variant(body)["InitialInstanceCount"]


def _boolean_count(body):
    variant(body)["InitialInstanceCount"] = True


def _type_from_a_parameter(body):
    variant(body)["InstanceType"] = {"Ref": "Type"}


def _instance_pools(body):
    del variant(body)["InstanceType"]
    variant(body)["InstancePools"] = [{"InstanceType": "ml.g5.2xlarge", "Priority": 1}]


def _variants_by_condition(body):
    properties(body, "EndpointConfig")["ProductionVariants"] = {"Fn::If": ["Large", [], []]}


def _no_variants(body):
    properties(body, "EndpointConfig")["ProductionVariants"] = []


def _variant_by_condition(body):
    properties(body, "EndpointConfig")["ProductionVariants"] = [{"Fn::If": ["Large", {}, {}]}]


def _shadows_by_condition(body):
    properties(body, "EndpointConfig")["ShadowProductionVariants"] = {"Ref": "AWS::NoValue"}


def _endpoint_by_condition(body):
    body["Resources"]["Endpoint"]["Condition"] = "Wanted"


def _endpoint_without_properties(body):
    del body["Resources"]["Endpoint"]["Properties"]


def _loop(body):
    body["Resources"] = {"Fn::ForEach::Endpoints": ["Name", ["a", "b"], {}]}


def _stack_inside(body):
    body["Resources"] = {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {}}}


def _module(body):
    body["Resources"] = {"Inner": {"Type": "Ours::Hosting::Endpoint::MODULE"}}


def _no_resources(body):
    del body["Resources"]


def _serverless(body):
    variant(body)["ServerlessConfig"] = {"MaxConcurrency": 1, "MemorySizeInMB": 1024}
    del variant(body)["InstanceType"]
    del variant(body)["InitialInstanceCount"]


def _asynchronous(body):
    properties(body, "EndpointConfig")["AsyncInferenceConfig"] = {"OutputConfig": {"S3OutputPath": "s3://ours"}}


def _scaling(body, **changes):
    properties(body, "Endpoint")["EndpointName"] = "ours"
    target = {
        "ResourceId": f"endpoint/ours/variant/{variant(body)['VariantName']}",
        "MinCapacity": 1,
        "MaxCapacity": 4,
        **changes,
    }
    body["Resources"]["Target"] = {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": target}


def _scheduled_by_condition(body):
    _scaling(body, ScheduledActions={"Fn::If": ["Large", [], []]})


def _scheduled_bound_from_a_parameter(body):
    _scaling(body, ScheduledActions=[{"ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": {"Ref": "Most"}}}])


def _more_instances_than_a_sum_can_hold(body):
    _scaling(body, MaxCapacity="9" * 5000)


def _count_beyond_all_measure(body):
    variant(body)["InitialInstanceCount"] = 10**30


EDITS = (
    _scheduled_by_condition,
    _scheduled_bound_from_a_parameter,
    _more_instances_than_a_sum_can_hold,
    _count_beyond_all_measure,
    _no_configuration,
    _computed_name,
    _reference_to_another_kind,
    _empty_reference,
    _count_from_a_parameter,
    _no_count,
    _boolean_count,
    _type_from_a_parameter,
    _instance_pools,
    _variants_by_condition,
    _no_variants,
    _variant_by_condition,
    _shadows_by_condition,
    _endpoint_by_condition,
    _endpoint_without_properties,
    _loop,
    _stack_inside,
    _module,
    _no_resources,
    _serverless,
    _asynchronous,
)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__.strip("_"))
def test_what_cannot_be_read_is_unknown_and_not_zero(edit):
    body = a_body()
    edit(body)
    found = cost.estimate((), read(body), region="us-east-2", prices=PriceBook(prices={}), today=date(2026, 11, 21))
    assert found.before_items
    assert found.before_monthly is None
    assert found.delta_monthly is None
    assert not found.complete
    assert found.notes[0].startswith("deployed: prototype_model: ")


@pytest.mark.parametrize("action", [None, "soon", {}, {"Schedule": {"Ref": "When"}, "Timezone": 7}])
def test_a_moment_that_cannot_be_read_leaves_the_hours_open_and_says_so(action):
    body = a_body()
    _scaling(body, ScheduledActions=[action])
    (hosted,) = read(body)
    assert (hosted.min_count, hosted.max_count) == (1, 4)
    assert hosted.timetable.why_not == "action 1 comes at a moment, which cannot be read"
    found = cost.estimate((), (hosted,), region="us-east-2", prices=PriceBook(prices={}), today=date(2026, 11, 21))
    assert any(note.startswith("deployed: prototype_model: the hours of its schedule") for note in found.notes)


def test_each_kind_of_unknown_is_named():
    unreadable, serverless = a_body(), a_body()
    _computed_name(unreadable)
    _serverless(serverless)
    found = cost.estimate(
        (),
        (*read(unreadable), *read(serverless)),
        region="us-east-2",
        prices=PriceBook(prices={}),
        today=date.min,
    )
    text = "\n".join(found.notes)
    assert "what esm-dev-prototype-model runs on cannot be read" in text
    assert "variant-1 is serverless, which the price book does not cover" in text


@pytest.mark.parametrize(
    ("model", "marketplace", "charge"),
    [
        ({"PrimaryContainer": {"ModelPackageName": PACKAGE}}, True, Decimal("1.50")),
        ({"PrimaryContainer": {"ModelPackageName": "arn:unheard-of"}}, True, None),
        ({"PrimaryContainer": {"ModelPackageName": {"Ref": "Package"}}}, True, None),
        (
            {"Containers": [{"ModelPackageName": PACKAGE}, {"ModelPackageName": PACKAGE}]},
            True,
            Decimal("3.00"),
        ),
        ({"Containers": [{"ModelPackageName": PACKAGE}, {"Image": "ours"}]}, True, Decimal("1.50")),
        ({"Containers": {"Fn::If": ["Large", [], []]}}, True, None),
        ({"PrimaryContainer": {"Image": "ours"}}, False, Decimal(0)),
        ({}, True, None),
    ],
)
def test_the_seller_s_charge_follows_the_packages_of_the_model(model, marketplace, charge):
    body = a_body()
    properties(body, "Model").pop("PrimaryContainer")
    properties(body, "Model").update(model)
    (hosted,) = read(body)
    assert (hosted.marketplace, hosted.software_usd_per_hour) == (marketplace, charge)


def test_a_model_outside_the_template_may_have_a_seller():
    body = a_body()
    variant(body)["ModelName"] = "somebody-else-s"
    (hosted,) = read(body)
    assert (hosted.marketplace, hosted.software_usd_per_hour) == (True, None)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["Endpoint", "EndpointConfig", "AWS::SageMaker::Model"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Ref", "Fn::GetAtt", "Type"]), inner),
    max_leaves=6,
)


@given(st.data())
def test_no_edit_of_one_value_makes_the_reader_fail_or_lose_the_endpoint(data):
    body = a_body()
    kind = data.draw(st.sampled_from(["EndpointConfig", "Model"]))
    place = data.draw(st.sampled_from(sorted(properties(body, kind))))
    properties(body, kind)[place] = data.draw(values)
    assert read(body)
