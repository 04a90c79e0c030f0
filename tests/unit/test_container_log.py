"""The log of an endpoint's container: made before it, kept after it."""

from __future__ import annotations

import pytest
from builders import ENVIRONMENT_TEXT, a_stack
from hosted import KEY, complaints, resource, selected
from msgspec.structs import replace

from esmcfn.domain.plan import Action, Change, Impact
from esmcfn.plan.impact import assessed


class TestLogs:
    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            ("log_retention_days: 100", "or false for none, not 100 (did you mean 90?)"),
            ("log_retention_days: true", "or false for none, not true (write the number itself)"),
            ("log_retention_days: 0", "or false for none, not 0 (did you mean 1?)"),
            ("log_retention_days: 3 months", "or false for none, not the text 3 months"),
        ],
    )
    @pytest.mark.parametrize("indent", ["", "    "])
    def test_days_that_cloudwatch_cannot_keep_a_log_for_are_told(self, tmp_path, written, complaint, indent):
        (found,) = complaints(tmp_path, f"{ENVIRONMENT_TEXT}{indent}{written}\n")
        assert "must be one of 1, 3, 5, 7, 14, 30" in found
        assert complaint in found

    def test_the_log_is_made_first_and_outlives_its_stack(self):
        stack = a_stack(log_retention_days=90, log_kms_key_arn=KEY)
        log = resource(stack, "LogGroup")
        assert log["DeletionPolicy"] == log["UpdateReplacePolicy"] == "Retain"
        assert log["Properties"]["LogGroupName"] == f"/aws/sagemaker/Endpoints/{stack.endpoint_name}"
        assert (log["Properties"]["RetentionInDays"], log["Properties"]["KmsKeyId"]) == (90, KEY)
        assert resource(stack, "Endpoint")["DependsOn"] == ["EndpointConfig", "LogGroup"]

    def test_the_log_of_what_is_parked_stays(self):
        assert resource(a_stack(log_retention_days=90, parked=True), "LogGroup")

    @pytest.mark.parametrize(
        ("own", "days"), [("", 90), ("log_retention_days: 7", 7), ("log_retention_days: false", None)]
    )
    def test_a_models_own_days_win(self, tmp_path, own, days):
        written = f"{ENVIRONMENT_TEXT}    {own}\nlog_retention_days: 90\n"
        assert selected(tmp_path, written).log_retention_days == days

    def test_a_log_that_is_taken_over_says_so(self):
        change = Change(
            action=Action.ADD,
            logical_id="LogGroup",
            resource_type="AWS::Logs::LogGroup",
            physical_id=None,
            impact=Impact.UNKNOWN,
        )
        assert "from before" not in assessed(change).meaning
        assert "from before" in assessed(replace(change, physical_id="/aws/sagemaker/Endpoints/x")).meaning
