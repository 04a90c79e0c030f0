"""The border to AWS: errors become ours, shells stay outside, change sets are read whole."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from esmcfn.aws import changeset
from esmcfn.aws.session import translated
from esmcfn.errors import AccessDenied, CloudError


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateChangeSet")


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "step"),
        [
            (NoCredentialsError(), "log in"),
            (ProfileNotFound(profile="nobody"), "list-profiles"),
            (EndpointConnectionError(endpoint_url="https://nowhere"), "network"),
            (EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/"), "the sandbox has ended, or was killed"),
            (refused("ExpiredToken", "The security token included in the request is expired"), "log in again"),
            (ResponseParserError("Unable to parse response\n<html>"), "what answers"),
        ],
    )
    def test_every_error_says_what_was_done_and_what_to_do(self, error, step):
        with pytest.raises(CloudError, match="reading stacks: ") as caught, translated("reading stacks"):
            raise error
        assert step in caught.value.next_step
        assert "<html>" not in caught.value.message

    @pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
    def test_a_missing_permission_is_named(self, code):
        words = "User: arn:x is not authorized to perform: cloudformation:CreateChangeSet on resource: y"
        missing = "missing permission: cloudformation:CreateChangeSet"
        with pytest.raises(AccessDenied, match=missing) as caught, translated("proposing"):
            raise refused(code, words)
        assert caught.value.operation == "CreateChangeSet"

    def test_throttling_keeps_awss_own_code(self):
        with pytest.raises(CloudError) as caught, translated("reading"):
            raise refused("Throttling", "Rate exceeded")
        assert caught.value.code == "Throttling"


class TestChangeSets:
    @pytest.mark.parametrize("reason", changeset.NOTHING_TO_DO)
    def test_both_ways_to_say_that_nothing_changes(self, reason):
        assert changeset.is_empty({"Status": "FAILED", "StatusReason": f"{reason} Submit different information."})

    @pytest.mark.parametrize(
        "described",
        [
            {"Status": "CREATE_COMPLETE", "StatusReason": "No updates are to be performed."},
            {"Status": "CREATE_COMPLETE", "Changes": []},
            {"Status": "FAILED", "StatusReason": "Template error: The submitted information didn't contain changes."},
            {"Status": "FAILED"},
        ],
    )
    def test_nothing_else_is_taken_for_it(self, described):
        assert not changeset.is_empty(described)

    def test_what_reading_with_values_dropped_is_restored_from_reading_without(self):
        def page(*names: str) -> dict[str, object]:
            return {"Changes": [{"ResourceChange": {"LogicalResourceId": name, "Action": "Modify"}} for name in names]}

        with_values = [page("A"), page("C")]
        assert [change.logical_id for change in changeset.changes(with_values, [page("A", "B"), page("C")])] == [
            "A",
            "B",
            "C",
        ]

    def test_a_property_is_read_by_its_path_and_known_after_apply_is_dynamic(self):
        target = {
            "Attribute": "Properties",
            "Name": "SecretString",
            "Path": "/Properties/SecretString",
            "RequiresRecreation": "Never",
            "BeforeValue": "a",
            "AfterValue": changeset.KNOWN_AFTER,
        }
        detail = {"Target": target, "Evaluation": "Static", "ChangeSource": "ResourceAttribute", "CausingEntity": "Key"}
        page = {"Changes": [{"ResourceChange": {"LogicalResourceId": "S", "Action": "Modify", "Details": [detail]}}]}
        (change,) = changeset.changes([page], [])
        (found,) = change.properties
        assert (found.path, found.before, found.dynamic, found.cause) == ("Properties/SecretString", "a", True, "Key")

    def test_a_detail_without_a_path_is_read_by_its_name(self):
        detail = {"Target": {"Attribute": "Tags"}}
        page = {"Changes": [{"ResourceChange": {"LogicalResourceId": "S", "Action": "Modify", "Details": [detail]}}]}
        (change,) = changeset.changes([page], [])
        assert change.properties[0].path == "Tags"


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"Resources": {"Log": {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain"}}}, True),
        ({"Resources": {"Log": {"Type": "AWS::Logs::LogGroup"}}}, False),
        ({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}}}, False),
        ({"Resources": ["odd"]}, False),
        ({}, False),
    ],
)
def test_only_a_log_that_is_kept_is_taken_over_and_any_other_import_is_strange(body, asked):
    assert changeset.takes_over(body) is asked
    found = changeset.strange({"ImportExistingResources": True}, body)
    assert found == (() if asked else ("ImportExistingResources",))
