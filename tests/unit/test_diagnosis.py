"""Why a stack failed: the first real cause, in AWS's words, with one line of advice."""

from __future__ import annotations

import pytest
from fakes import an_event

from esmcfn.diagnosis import Sight, causes, classified, diagnose
from esmcfn.domain.deployment import Execution, Kind
from esmcfn.domain.endpoint import ContainerLog

NESTED = "AWS::CloudFormation::Stack"


def names(*events):
    return [cause.logical_id for cause in causes(events)]


class TestCauses:
    def test_the_first_in_time_comes_first_and_what_was_cancelled_with_it_is_none(self):
        events = (
            an_event("Endpoint", "CREATE_FAILED", reason="no capacity"),
            an_event("Model", "CREATE_FAILED", reason="Resource creation cancelled"),
            an_event("Role", "CREATE_FAILED", reason="denied"),
            an_event("esm-dev", "ROLLBACK_IN_PROGRESS", reason="The following resource(s) failed", of_stack=True),
        )
        assert names(*events) == ["Endpoint", "Role"]

    def test_a_reason_that_only_speaks_of_something_cancelled_is_a_cause(self):
        assert names(an_event("Endpoint", "CREATE_FAILED", reason="the request was cancelled by SageMaker"))

    def test_inside_a_nested_stack_the_resource_is_the_cause_and_not_the_stack(self):
        events = (
            an_event("Child/Endpoint", "UPDATE_FAILED", reason="no capacity"),
            an_event("Child", "UPDATE_FAILED", reason="Embedded stack was not updated", of_nested=True),
        )
        assert names(*events) == ["Child/Endpoint"]

    def test_a_nested_stack_of_which_nothing_is_known_is_the_cause_itself(self):
        assert names(an_event("Child", "UPDATE_FAILED", reason="timed out", of_nested=True)) == ["Child"]

    def test_where_no_resource_failed_the_stacks_own_reason_is_the_cause(self):
        events = (
            an_event("esm-dev", "UPDATE_ROLLBACK_IN_PROGRESS", reason="Alarm 5xx went into ALARM", of_stack=True),
            an_event("esm-dev", "UPDATE_ROLLBACK_COMPLETE", of_stack=True),
        )
        assert [cause.reason for cause in causes(events)] == ["Alarm 5xx went into ALARM"]

    def test_the_handlers_code_is_read_out_of_the_reason(self):
        (cause,) = causes((an_event("E", "CREATE_FAILED", reason="no (HandlerErrorCode: ServiceLimitExceeded)"),))
        assert cause.code == "ServiceLimitExceeded"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (
            "ResourceLimitExceeded: The account-level service limit 'ml.g5.2xlarge for endpoint usage' is 0 Instances",
            Kind.QUOTA,
        ),
        (
            "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please retry "
            "using a different ML instance type or after some time.",
            Kind.CAPACITY,
        ),
        ("Request to service failed.", Kind.CAPACITY),
        (
            "The primary container for production variant variant-1 did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint.",
            Kind.HEALTH,
        ),
        ("Caller is not subscribed to the marketplace offering.", Kind.SUBSCRIPTION),
        ("Could not assume role arn:aws:iam::123456789012:role/x. Please ensure that the role exists", Kind.ROLE),
        ("User: arn:x is not authorized to perform: iam:PassRole on resource: y", Kind.ROLE),
        ("Could not access model data at s3://bucket/model.tar.gz.", Kind.DOWNLOAD),
        ("The role does not grant ecr:BatchGetImage permissions", Kind.IMAGE),
        ("Requested image 1.dkr.ecr.us-east-2.amazonaws.com/x not found.", Kind.IMAGE),
        ('Cannot create already existing endpoint configuration "arn:x".', Kind.NAME),
        ("User: arn:x is not authorized to perform: sagemaker:CreateModel on resource: y", Kind.PERMISSION),
        ("An Application AutoScaling scalable target exists for a variant being deleted", Kind.SCALING),
        ("Resource update cancelled by user. User Initiated", Kind.CANCELLED),
        ("the moon is full", Kind.UNKNOWN),
    ],
)
def test_awss_words_tell_what_kind_of_failure_it_was(reason, kind):
    found, advice = classified(reason)
    assert found is kind
    assert advice


@pytest.mark.parametrize(
    "status",
    [
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "CREATE_FAILED",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
        "DELETE_FAILED",
        "IMPORT_ROLLBACK_COMPLETE",
        "SOMETHING_NEW",
    ],
)
def test_every_end_says_what_cloudformation_did_and_how_to_go_on(status):
    found = diagnose(Execution(status=status), Sight(log=ContainerLog(started=False)), environment="dev")
    assert found.aftermath
    if status in {"ROLLBACK_FAILED", "CREATE_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED"}:
        assert "esmcfn deploy dev --recover" in found.aftermath
