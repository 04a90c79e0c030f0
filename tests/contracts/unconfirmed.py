"""What the sandbox does by documentation or hearsay, and only a live account can confirm."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One behaviour of the sandbox that was never compared with AWS.

    Attributes:
        test: the live test that would confirm it; empty where it needs a GPU quota or a subscription.
    """

    id: str
    says: str
    test: str = ""


CLAIMS = (
    Claim(
        id="description-alone",
        says="A template that differs in its Description or Metadata only is no change",
        test="test_a_description_alone_is_no_change",
    ),
    Claim(
        id="outputs-alone",
        says="A template that differs in its Outputs only is executable, with an empty list of changes",
        test="test_outputs_alone_are_executable",
    ),
    Claim(
        id="parameter-details",
        says="A changed parameter gives a Static ParameterReference and a Dynamic DirectModification detail",
        test="test_a_parameter_change_has_two_details",
    ),
    Claim(
        id="attribute-of-modified",
        says="Fn::GetAtt of a resource that changes in place makes its user Modify, Dynamic, maybe Conditional",
        test="test_an_attribute_of_a_modified_resource_is_dynamic",
    ),
    Claim(
        id="executed-name",
        says="An executed change set keeps answering to its ARN, and its name is free again",
        test="test_an_executed_name_is_free",
    ),
    Claim(
        id="token-repeats",
        says="CreateChangeSet with the same name, token and content returns the first one",
        test="test_a_token_repeats",
    ),
    Claim(id="early-names", says="The names of the early validations, and the reason text of a failed change set"),
    Claim(id="quota-warning", says="A quota that does not suffice is a WARN of the change set"),
    Claim(id="silent-rollback", says="CloudFormation ends UPDATE_COMPLETE when SageMaker rolled back without a reason"),
    Claim(id="update-rolled-back", says="An update that SageMaker rolled back with a reason is NotStabilized"),
    Claim(id="cancel-endpoint", says="A cancelled update waits for the endpoint before it points it back"),
    Claim(id="scaled-variant", says="The wording of UpdateEndpoint's refusal for a variant with a scalable target"),
    Claim(id="revert-deleted", says="A REVERT_DRIFT change set makes a deleted resource again, shown as Add"),
    Claim(id="rollback-stack", says="RollbackStack without a stable state ends in ROLLBACK_COMPLETE"),
    Claim(id="clash", says="A SageMaker name clash is the service's error, and other custom names CloudFormation's"),
    Claim(id="export-in-use", says="Deleting a stack whose export is in use keeps its status, with Delete canceled"),
    Claim(
        id="transform-no-op",
        says="A change set without changes of a template with a Transform fails with 'No updates are to be performed.'",
        test="test_a_transform_says_no_updates",
    ),
    Claim(
        id="transform-acknowledged",
        says="A Transform needs CAPABILITY_AUTO_EXPAND in CreateStack and UpdateStack, and not in CreateChangeSet",
        test="test_a_transform_says_no_updates",
    ),
    Claim(id="nested-failed", says="A nested stack whose creation failed is CREATE_FAILED until its parent deletes it"),
    Claim(
        id="nested-held", says="A nested stack stays in UPDATE_COMPLETE_CLEANUP_IN_PROGRESS until its parent cleans up"
    ),
    Claim(id="nested-events", says="DescribeEvents of a root stack has no events of its nested stacks"),
    Claim(id="nested-unchanged", says="IncludeNestedStacks leaves out a nested stack in which nothing changes"),
    Claim(
        id="no-echo-output",
        says="An output of a NoEcho parameter is shown in the clear",
        test="test_an_output_shows_a_parameter_without_echo",
    ),
    Claim(id="package-unsubscribed", says="DescribeModelPackage without a subscription is refused as CreateModel is"),
)
