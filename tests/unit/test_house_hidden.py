"""House rules about what hides: counts, whole resources, and doors that stand open."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest
from builders import a_stack
from housed import POLICY, a_template
from msgspec.structs import replace

from esmcfn.domain.project import Policy
from esmcfn.policy import house

VARIANT = {"VariantName": "v", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}
LEFT_OUT = {"Ref": "AWS::NoValue"}
BOTH_LIMITS = {"ESM001", "ESM002"}
IN_ALL = Policy(limits={"max_instances_per_environment": 10})


def configured(*variants: object, **properties: object) -> dict[str, object]:
    return {
        "Type": "AWS::SageMaker::EndpointConfig",
        "Properties": {"ProductionVariants": [*variants], **properties},
    }


def target(**properties: object) -> dict[str, object]:
    facts = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": "endpoint/e/variant/v",
        "MinCapacity": 1,
        "MaxCapacity": 500,
        **properties,
    }
    return {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": facts}


def said(resources: Mapping[str, object], policy: Policy = POLICY, **sections: object) -> dict[str, str]:
    """Rule to the path that it complains about."""
    template = a_template({"Resources": resources, **sections})
    return {each.rule: each.path for each in house.findings([template], policy)}


class TestCounts:
    @pytest.mark.parametrize(
        ("config", "path"),
        [
            (
                configured(VARIANT, ShadowProductionVariants=[{**VARIANT, "InitialInstanceCount": 500}]),
                "C/ShadowProductionVariants/0/InitialInstanceCount",
            ),
            (
                configured({**VARIANT, "ManagedInstanceScaling": {"Status": "ENABLED", "MaxInstanceCount": 500}}),
                "C/ProductionVariants/0/ManagedInstanceScaling/MaxInstanceCount",
            ),
            (
                configured({**VARIANT, "ManagedInstanceScaling": {"Status": "ENABLED"}}),
                "C/ProductionVariants/0/ManagedInstanceScaling/MaxInstanceCount",
            ),
            (
                configured({**VARIANT, "ManagedInstanceScaling": {"Fn::If": ["Big", {"MaxInstanceCount": 500}, {}]}}),
                "C/ProductionVariants/0/ManagedInstanceScaling/MaxInstanceCount",
            ),
            (
                configured({**VARIANT, "ServerlessConfig": LEFT_OUT, "InitialInstanceCount": 500}),
                "C/ProductionVariants/0/InitialInstanceCount",
            ),
            (
                configured({**VARIANT, "ServerlessConfig": {"MaxConcurrency": 5}, "InitialInstanceCount": 500}),
                "C/ProductionVariants/0/InitialInstanceCount",
            ),
        ],
        ids=["shadow", "scaling", "scaling without an end", "scaling unread", "serverless left out", "both"],
    )
    def test_no_instance_hides_in_a_corner_of_a_variant(self, config: Mapping[str, object], path: str) -> None:
        found = said({"C": config})
        assert found["ESM001"] == path
        assert found["ESM002"] == "environment:selected_models"

    @pytest.mark.parametrize(
        "config",
        [
            configured(VARIANT, ShadowProductionVariants=[VARIANT]),
            configured(VARIANT, ShadowProductionVariants=LEFT_OUT),
            configured(VARIANT, LEFT_OUT),
            configured({**VARIANT, "ManagedInstanceScaling": {"Status": "DISABLED"}}),
            configured({**VARIANT, "ManagedInstanceScaling": LEFT_OUT}),
            configured({**VARIANT, "ManagedInstanceScaling": {"Status": "ENABLED", "MaxInstanceCount": "4"}}),
            configured(
                {"VariantName": "v", "ServerlessConfig": {"MaxConcurrency": 5}, "InitialInstanceCount": LEFT_OUT}
            ),
        ],
    )
    def test_few_instances_stay_few_wherever_they_stand(self, config: Mapping[str, object]) -> None:
        assert not BOTH_LIMITS & said({"C": config}).keys()

    def test_a_shadow_of_one_instance_is_no_risk_in_production(self) -> None:
        config = configured({**VARIANT, "InitialInstanceCount": 2}, ShadowProductionVariants=[VARIANT])
        assert "ESM018" not in said({"C": config}, Policy(production=True))

    @pytest.mark.parametrize(
        "namespace",
        [
            {"Ref": "N"},
            {"Ref": "Unheard"},
            {"Fn::Join": ["", ["sage", "maker"]]},
            {"Fn::Join": ["", ["sage", {"Fn::ImportValue": "x"}]]},
            {"Fn::Sub": "${N}"},
            {"Fn::Sub": ["${A}maker", {"A": "sage"}]},
            {"Fn::FindInMap": ["A", "B", "C"]},
        ],
    )
    def test_what_may_be_sagemaker_s_counts_as_sagemaker_s(self, namespace: object) -> None:
        parameters = {"N": {"Type": "String", "Default": "sagemaker"}}
        resources = {"C": configured(VARIANT), "T": target(ServiceNamespace=namespace)}
        found = said(resources, Parameters=parameters)
        assert found["ESM031"] == "T/MaxCapacity"
        assert "ESM002" in found

    def test_what_scales_something_else_is_no_instance(self) -> None:
        of_tables = target(ServiceNamespace="dynamodb", ScalableDimension="dynamodb:table:ReadCapacityUnits")
        unread = target(ServiceNamespace={"Ref": "N"}, ScalableDimension="dynamodb:table:ReadCapacityUnits")
        assert not {"ESM031", "ESM002"} & said({"C": configured(VARIANT), "T": of_tables, "U": unread}).keys()

    def test_of_two_targets_of_one_variant_the_greater_counts_in_either_order(self) -> None:
        high, low = target(MaxCapacity=11), target(MaxCapacity=2)
        for first, second in ((high, low), (low, high)):
            assert "ESM002" in said({"C": configured(VARIANT), "A": first, "B": second}, IN_ALL)

    @pytest.mark.parametrize("where", [{"ResourceId": {"Fn::ImportValue": "x"}}, {"ResourceId": {"Fn::Sub": "${V}"}}])
    def test_a_target_of_nobody_knows_which_variant_counts_for_any(self, where: Mapping[str, object]) -> None:
        assert "ESM002" in said({"C": configured(VARIANT), "T": target(**where)}, IN_ALL)

    def test_a_variant_of_an_unread_name_counts_whatever_is_scaled(self) -> None:
        assert "ESM002" in said(
            {"C": configured({**VARIANT, "VariantName": {"Fn::ImportValue": "x"}}), "T": target()}, IN_ALL
        )

    def test_a_parameter_that_systems_manager_keeps_has_no_value_here(self) -> None:
        parameters = {"N": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "1"}}
        found = said({"C": configured({**VARIANT, "InitialInstanceCount": {"Ref": "N"}})}, Parameters=parameters)
        assert "ESM001" in found

    @pytest.mark.parametrize(
        ("copies", "told"), [(500, True), ({"Fn::ImportValue": "x"}, True), (8, False), ("2", False)]
    )
    def test_copies_of_an_inference_component_are_held_against_the_limit(self, copies: object, told: bool) -> None:
        component = {
            "Type": "AWS::SageMaker::InferenceComponent",
            "Properties": {"RuntimeConfig": {"CopyCount": copies}},
        }
        path = "I/RuntimeConfig/CopyCount" if told else None
        assert said({"I": component}).get("ESM031") == path

    def test_a_component_that_runs_nothing_of_its_own_is_not_asked(self) -> None:
        assert "ESM031" not in said({"I": {"Type": "AWS::SageMaker::InferenceComponent", "Properties": {}}})

    def test_a_parked_endpoint_starts_none(self) -> None:
        body = {"Resources": {"C": configured({**VARIANT, "InitialInstanceCount": 500})}}
        template = replace(a_template(body), stack=a_stack(parked=True))
        assert [each for each in house.findings([template], IN_ALL) if each.rule == "ESM002"] == []


OURS = "123456789012.dkr.ecr.us-east-2.amazonaws.com/esm"


class TestChoice:
    """A list of what is allowed lets nothing pass that nobody can read."""

    PARAMETERS: Mapping[str, object] = {
        "Type": {"Type": "String", "Default": "ml.g5.2xlarge"},
        "Other": {"Type": "String", "Default": "ml.p4d.24xlarge"},
        "Open": {"Type": "String"},
    }

    @pytest.mark.parametrize(
        ("instance_type", "told"),
        [
            ({"Ref": "Type"}, False),
            ({"Ref": "Other"}, True),
            ({"Ref": "Open"}, True),
            ({"Fn::Sub": "ml.g5.${Open}"}, True),
            ({"Fn::FindInMap": ["A", "B", "C"]}, True),
        ],
    )
    def test_of_instance_types(self, instance_type: object, told: bool) -> None:
        resources = {"C": configured({**VARIANT, "InstanceType": instance_type})}
        found = said(resources, Policy(allowed_instance_types=("ml.g5.*",)), Parameters=self.PARAMETERS)
        assert found.get("ESM014") == ("C/ProductionVariants/0/InstanceType" if told else None)
        assert "ESM014" not in said(resources, Policy(), Parameters=self.PARAMETERS)

    def test_what_is_serverless_has_no_type(self) -> None:
        config = configured({"VariantName": "v", "ServerlessConfig": {"MaxConcurrency": 5}})
        assert "ESM014" not in said({"C": config}, Policy(allowed_instance_types=("ml.g5.*",)))

    @pytest.mark.parametrize(
        ("image", "told"),
        [
            (OURS, False),
            ({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/esm"}, False),
            ({"Fn::Join": ["/", [OURS, "esm"]]}, False),
            (LEFT_OUT, False),
            ({"Fn::Join": ["/", ["docker.io", "esm"]]}, True),
            ({"Fn::ImportValue": "image"}, True),
            ({"Ref": "Open"}, True),
        ],
    )
    def test_of_registries(self, image: object, told: bool) -> None:
        model = {"Type": "AWS::SageMaker::Model", "Properties": {"PrimaryContainer": {"Image": image}}}
        found = said({"M": model}, Policy(allowed_registries=("own",)), Parameters=self.PARAMETERS)
        assert found.get("ESM015") == ("M/PrimaryContainer/Image" if told else None)
        assert "ESM015" not in said({"M": model}, Policy(), Parameters=self.PARAMETERS)


def test_checkov_never_sees_what_it_is_told_to_leave_out() -> None:
    """In a process of its own: the module takes boto3 and numpy away from whoever imports it."""
    topics = ",".join(
        f'"T{number}": {{"Type": "AWS::SNS::Topic", "Metadata": {{"{key}": {{"skip": []}}}}}}'
        for number, key in enumerate(("\\u0063heckov", "chec\\u006bov"))
    )
    probe = "import sys; from esmcfn.policy.checkov_runner import unskipped; print(unskipped(sys.argv[1]))"
    command = (sys.executable, "-c", probe, f'{{"Resources": {{{topics}}}}}')
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [each["Metadata"] for each in json.loads(done.stdout)["Resources"].values()] == [{}, {}]


class TestUnread:
    LOOP = ("I", ["A", "B"], {"C${I}": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {}}})

    @pytest.mark.parametrize(
        ("resources", "path"),
        [
            ({"N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://x/t.json"}}}, "N"),
            ({"N": {"Type": "AWS::CloudFormation::StackSet"}}, "N"),
            ({"N": {"Type": "AWS::CloudFormation::CustomResource"}}, "N"),
            ({"N": {"Type": "Custom::Evil", "Properties": {"ServiceToken": "arn"}}}, "N"),
            ({"N": {"Type": "Acme::Hosting::Endpoint::MODULE"}}, "N"),
            ({"Fn::ForEach::X": [*LOOP]}, "Fn::ForEach::X"),
            ({"Fn::Transform": {"Name": "AWS::Include"}}, "Fn::Transform"),
            ({"N": {"Type": "AWS::SNS::Topic", "Properties": {"Fn::Transform": {"Name": "Mine"}}}}, "N/Fn::Transform"),
        ],
    )
    def test_what_makes_resources_that_nobody_here_sees_blocks(
        self, resources: Mapping[str, object], path: str
    ) -> None:
        (found,) = house.findings([a_template({"Resources": resources})], POLICY)
        assert (found.rule, found.path, found.blocks) == ("ESM039", path, True)

    @pytest.mark.parametrize(
        "sections",
        [
            {"Transform": "AWS::Serverless-2016-10-31"},
            {"Transform": ["AWS::LanguageExtensions", "Mine"]},
            {"Fn::Transform": {}},
        ],
    )
    def test_a_macro_over_the_whole_template_blocks(self, sections: Mapping[str, object]) -> None:
        (path,) = said({}, **sections).values()
        assert path in {"Transform", "Fn::Transform"}

    def test_nothing_hides_behind_escapes_of_json(self) -> None:
        key_id = "AKIA" + "QYLPMN5HFIQR7XYZ"
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": key_id}}
        template = a_template({"Resources": {"Fn::ForEach::X": [*self.LOOP], "T": topic}})
        escaped = template.text.replace("Fn::", "\\u0046n::").replace("AKIA", "\\u0041KIA")
        assert json.loads(escaped) == template.body
        found = {each.rule for each in house.findings([replace(template, text=escaped)], POLICY)}
        assert found == {"ESM032", "ESM039"}

    def test_nor_behind_the_slash_that_json_may_escape(self) -> None:
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "https" + "://ada:hunter2@example.com"}}
        template = a_template({"Resources": {"T": topic}})
        escaped = replace(template, text=template.text.replace("/", "\\/"))
        assert json.loads(escaped.text) == template.body
        assert [each.path for each in house.findings([escaped], POLICY)] == ["T/DisplayName"]

    def test_the_language_s_own_extensions_make_nothing_by_themselves(self) -> None:
        assert said({}, Transform="AWS::LanguageExtensions") == {}


def role(principal: object, condition: object = None, **more: object) -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    if condition:
        statement["Condition"] = condition
    return {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [statement]}}}}


def policy(action: str, resource: object, kind: str = "AWS::IAM::ManagedPolicy") -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {"P": {"Type": kind, "Properties": {"PolicyDocument": {"Statement": statement}}}}


ORG = {"aws:PrincipalOrgID": "o-1"}


class TestDoors:
    @pytest.mark.parametrize(
        "principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}, {"AWS": {"Fn::Sub": "*"}}]
    )
    @pytest.mark.parametrize(
        "condition",
        [
            None,
            {"StringNotEquals": ORG},
            {"StringEqualsIfExists": ORG},
            {"StringLike": {"aws:PrincipalArn": "*"}},
            {"Bool": {"aws:SecureTransport": "true"}},
        ],
    )
    def test_nobody_assumes_a_role_just_because_they_have_an_account(
        self, principal: object, condition: object
    ) -> None:
        assert said(role(principal, condition))["ESM037"] == "R/AssumeRolePolicyDocument/Statement/0/Principal"

    @pytest.mark.parametrize(
        ("principal", "condition"),
        [
            ("*", {"StringEquals": ORG}),
            ({"AWS": "*"}, {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/notebook-*"}}),
            ({"AWS": "arn:aws:iam::123456789012:root"}, None),
            ({"Service": "sagemaker.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": "1"}}),
            ({"AWS": {"Fn::GetAtt": ["Other", "Arn"]}}, None),
        ],
    )
    def test_who_is_named_may_assume_it(self, principal: object, condition: object) -> None:
        assert "ESM037" not in said(role(principal, condition))

    def test_everybody_but_somebody_is_nearly_everybody(self) -> None:
        assert "ESM037" in said(role(None, NotPrincipal={"AWS": "arn:aws:iam::123456789012:root"}))

    @pytest.mark.parametrize(
        "resource", ["arn:aws:iam::123456789012:role/*", "*", {"Fn::Sub": "arn:${AWS::Partition}:iam::1:role/*"}]
    )
    @pytest.mark.parametrize("action", ["iam:PassRole", "IAM:Pass*", "*"])
    def test_nobody_passes_any_role(self, resource: object, action: str) -> None:
        assert said(policy(action, resource))["ESM038"] == "P/PolicyDocument/Statement/0/Resource"

    @pytest.mark.parametrize(
        "given", [("iam:GetRole", "arn:aws:iam::1:role/*"), ("iam:PassRole", "arn:aws:iam::1:role/esm-*")]
    )
    def test_a_prefix_of_roles_may_be_passed_and_any_may_be_read(self, given: tuple[str, str]) -> None:
        assert "ESM038" not in said(policy(*given))

    @pytest.mark.parametrize(
        "resource", ["*", "**", {"Fn::Sub": "*"}, "arn:*", "arn:*:*:*:*:*", {"Fn::Join": ["", ["*"]]}]
    )
    @pytest.mark.parametrize("kind", ["AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"])
    def test_everything_is_everything_however_it_is_written(self, resource: object, kind: str) -> None:
        assert "ESM010" in said(policy("s3:GetObject", resource, kind))

    def test_all_but_some_resources_are_not_named(self) -> None:
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/*"}
        document = {
            "P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": statement}}}
        }
        assert "ESM010" in said(document)

    @pytest.mark.parametrize(
        ("attached", "words"),
        [
            (
                {"Fn::Join": ["", ["arn:aws:iam::aws:policy/Administrator", "Access"]]},
                "AdministratorAccess is attached",
            ),
            ({"Ref": "Known"}, "IAMFullAccess is attached"),
            ({"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/${Name}"}, "AdministratorAccess is attached"),
            ({"Fn::ImportValue": "policy"}, "which policy is attached cannot be read"),
            ({"Ref": "Unknown"}, "which policy is attached cannot be read"),
            ({"Fn::GetAtt": ["Topic", "Arn"]}, "which policy is attached cannot be read"),
            ({"Ref": "Own"}, None),
            ({"Fn::GetAtt": "Own.PolicyArn"}, None),
            ({"Fn::GetAtt": ["Own", "PolicyArn"]}, None),
            ({"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonSQSReadOnlyAccess"}, None),
        ],
    )
    def test_a_policy_is_read_or_it_is_said_that_it_cannot_be(self, attached: object, words: str | None) -> None:
        resources = {
            "Holder": {"Type": "AWS::IAM::Group", "Properties": {"ManagedPolicyArns": [attached]}},
            "Own": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {}},
        }
        parameters = {
            "Known": {"Type": "String", "Default": "arn:aws:iam::aws:policy/IAMFullAccess"},
            "Name": {"Type": "String", "Default": "AdministratorAccess"},
            "Unknown": {"Type": "String"},
        }
        template = a_template({"Resources": resources, "Parameters": parameters})
        found = [each.message for each in house.findings([template], POLICY) if each.rule == "ESM009"]
        assert found == ([words] if words else [])
