"""Keys of disks: who has one, who may use it, and which disks take none."""

from __future__ import annotations

import re

import pytest
from builders import ENVIRONMENT_TEXT, a_root, a_stack
from hosted import KEY, OTHER, complaints, resource, selected, with_model

from esmcfn import inputs
from esmcfn.domain.finding import Level
from esmcfn.domain.project import Policy
from esmcfn.policy import house
from esmcfn.policy.cures import advice, cure
from esmcfn.policy.graph import CHECKS
from esmcfn.reference.instance_types import HOSTING
from esmcfn.reference.storage import own_disks
from esmcfn.selection import select
from esmcfn.template import synthesize

BARE = ENVIRONMENT_TEXT.replace("ml.g5.2xlarge", "ml.c6i.4xlarge")


class TestKeys:
    def test_a_key_chosen_for_disks_that_take_none_is_told_at_its_line(self, tmp_path):
        assert complaints(tmp_path, with_model(f"kms_key_arn: {KEY}")) == [
            "environments/dev.yaml:14:5: prototype_model.kms_key_arn: ml.g5.2xlarge keeps its data on disks of its "
            "own, which no key encrypts (remove it: their hardware encrypts them, and SageMaker takes none)"
        ]

    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            ("kms_key_arn: alias/esm", "kms_key_arn: must be a KMS key's ARN"),
            (f"kms_key_arn: {KEY.replace('us-east-2', 'eu-west-1')}", "kms_key_arn: the key is of eu-west-1"),
            (
                f"log_retention_days: 90\nlog_kms_key_arn: {KEY.replace('us-east-2', 'eu-west-1')}",
                "log_kms_key_arn: the key is of eu-west-1",
            ),
            (
                f"kms_key_arn: {KEY.replace('arn:aws:', 'arn:aws-cn:')}",
                "kms_key_arn: an ARN of aws-cn, and us-east-2 is in aws (it begins with arn:aws:)",
            ),
            (
                "alarm_topic_arn: arn:aws-us-gov:sns:us-east-2:123456789012:ops",
                "alarm_topic_arn: an ARN of aws-us-gov, and us-east-2 is in aws",
            ),
            (
                "execution_role: {permissions_boundary: 'arn:aws-cn:iam::123456789012:policy/b'}",
                "execution_role.permissions_boundary: an ARN of aws-cn",
            ),
            (
                "execution_role: {managed_policies: [ReadOnlyAccess, 'arn:aws-cn:iam::aws:policy/b']}",
                "execution_role.managed_policies.1: an ARN of aws-cn",
            ),
            (f"log_kms_key_arn: {KEY}", "log_kms_key_arn: it encrypts nothing"),
            (f"log_kms_key_arn: {KEY}\nlog_retention_days: false", "(write log_retention_days, or remove it)"),
        ],
    )
    def test_a_key_that_cannot_be_is_told(self, tmp_path, written, complaint):
        (found,) = complaints(tmp_path, f"{BARE}{written}\n")
        assert complaint in found

    def test_the_environments_key_is_for_instances_that_can_have_one(self, tmp_path):
        assert selected(tmp_path, f"{BARE}kms_key_arn: {KEY}\n").kms_key_arn == KEY
        assert selected(tmp_path, f"{ENVIRONMENT_TEXT}kms_key_arn: {KEY}\n").kms_key_arn == ""

    @pytest.mark.parametrize(("own", "key"), [(OTHER, OTHER), ("false", "")])
    def test_a_models_own_key_wins(self, tmp_path, own, key):
        stack = selected(tmp_path, f"{BARE}    kms_key_arn: {own}\nkms_key_arn: {KEY}\n")
        assert stack.kms_key_arn == key

    def test_another_key_is_another_configuration_of_the_same_model(self):
        names = [synthesize(a_stack(kms_key_arn=key)).names for key in ("", KEY, OTHER)]
        assert len({each["EndpointConfig"] for each in names}) == 3
        assert len({each["Model"] for each in names}) == 1

    def test_the_role_may_use_the_keys_of_its_models_and_grant_them_to_aws_alone(self, tmp_path):
        project = inputs.load(a_root(tmp_path, environment=f"{BARE}kms_key_arn: {KEY}\n"), "dev")
        base = select(project.project, problems=project.problems).base
        statements = resource(base, "ExecutionRole")["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        *_, used, granted = statements
        assert used["Resource"] == granted["Resource"] == [KEY]
        assert granted["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}

    def test_the_line_of_a_key_is_where_it_was_written(self, tmp_path):
        template = synthesize(selected(tmp_path, f"{BARE}kms_key_arn: {KEY}\n"))
        assert template.origin("EndpointConfig/KmsKeyId").line == 14

    def test_disks_of_every_known_family_are_written_down(self):
        assert not {each for each in HOSTING if own_disks(each) is None}
        assert own_disks("ml.g5.2xlarge") is True
        assert own_disks("ml.m5.xlarge") is False
        assert own_disks("ml.x99.large") is None


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("log_retention_days: false", "ESM035"),
        ("alarms: false", "ESM033"),
        ("kms_key_arn: false", "ESM034"),
        ("alarms: {disk_percent: 99, model_latency_p99_ms: false, invocation_5xx_errors: false}", "ESM033"),
    ],
)
def test_production_is_told_at_the_line_that_switches_off_what_it_owes(tmp_path, written, rule):
    template = synthesize(selected(tmp_path, f"{BARE}    {written}\n"))
    found = {each.rule: each.origin for each in house.findings([template], Policy(production=True))}
    assert (found[rule].path, found[rule].line) == ("environments/dev.yaml", 14)


@pytest.mark.parametrize(
    ("rule", "kind", "said"),
    [
        ("CKV_AWS_158", "AWS::Logs::LogGroup", "write log_kms_key_arn"),
        ("CKV_AWS_66", "AWS::Logs::LogGroup", "write log_retention_days"),
        ("E3006", "AWS::Budgets::Budget", "leave notify out of the budget"),
        ("E3006", "AWS::SNS::Topic", "change what the line says"),
        ("CKV_AWS_1", "", "change what the line says"),
    ],
)
def test_what_another_engine_asks_is_answered_by_a_key_of_ours_where_one_does(rule, kind, said):
    for level in Level:
        assert advice(rule, kind, level).startswith(said)
    assert "waiver" in advice(rule, kind, Level.SOFT)
    assert "waiver" not in advice(rule, kind, Level.HARD)
    assert bool(cure(rule, kind)) == (not said.startswith("change"))


@pytest.mark.parametrize("number", [4, 13])
def test_the_checks_for_checkov_know_the_same_disks(number):
    text = (CHECKS / f"CKV2_ESM_{number}.yaml").read_text("utf-8")
    families = re.search(r"ml\\\\\.\((.*)\)", text)[1].split("|")
    assert {each for each in HOSTING if own_disks(each)} == {each for each in HOSTING if each.split(".")[1] in families}
