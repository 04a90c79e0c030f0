"""What the sandbox does by documentation or hearsay, and only a live account can confirm."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One behaviour of the sandbox that was never compared with AWS.

    Attributes:
        test: the test that confirms it on a live account; it also runs against the sandbox.
        needs: what the account must have or allow for it, beyond cents.
    """

    id: str
    says: str
    test: str
    needs: str = ""


GPU = "ESMCFN_LIVE_GPU=1"


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
    Claim(
        id="early-names",
        says="The names of the early validations, and the reason text of a failed change set",
        test="test_early_validation_has_names_and_paths",
    ),
    Claim(
        id="quota-warning",
        says="A quota that does not suffice is a WARN of the change set",
        test="test_a_quota_that_does_not_suffice_is_a_warning",
    ),
    Claim(
        id="silent-rollback",
        says="CloudFormation ends UPDATE_COMPLETE when SageMaker rolled back without a reason",
        test="test_cloudformation_knows_of_an_update_what_sagemaker_says",
        needs=GPU,
    ),
    Claim(
        id="update-rolled-back",
        says="An update that SageMaker rolled back with a reason is NotStabilized",
        test="test_cloudformation_knows_of_an_update_what_sagemaker_says",
        needs=GPU,
    ),
    Claim(
        id="cancel-endpoint",
        says="A cancelled update waits for the endpoint before it points it back",
        test="test_a_cancelled_update_waits_for_the_endpoint",
        needs=GPU,
    ),
    Claim(
        id="scaled-variant",
        says="The wording of UpdateEndpoint's refusal for a variant with a scalable target",
        test="test_a_scaled_variant_keeps_its_instance_type",
        needs=GPU,
    ),
    Claim(
        id="revert-deleted",
        says="A REVERT_DRIFT change set makes a deleted resource again, shown as Add",
        test="test_a_deleted_resource_is_made_again_by_a_revert",
    ),
    Claim(
        id="rollback-stack",
        says="RollbackStack without a stable state ends in ROLLBACK_COMPLETE",
        test="test_a_creation_without_a_stable_state_rolls_back_to_nothing",
    ),
    Claim(
        id="clash",
        says="A custom name that must change is refused by CloudFormation itself",
        test="test_a_name_that_must_change_is_refused_by_cloudformation",
    ),
    Claim(
        id="sagemaker-clash",
        says="A SageMaker name that must change is refused by SageMaker",
        test="test_a_sagemaker_name_that_must_change_is_refused_by_sagemaker",
        needs=GPU,
    ),
    Claim(
        id="export-in-use",
        says="Deleting a stack whose export is in use keeps its status, with Delete canceled",
        test="test_a_stack_whose_export_is_in_use_is_not_deleted",
    ),
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
    Claim(
        id="nested-failed",
        says="A nested stack whose creation failed is CREATE_FAILED until its parent deletes it",
        test="test_a_nested_stack_that_failed_waits_for_its_parent",
    ),
    Claim(
        id="nested-held",
        says="A nested stack stays in UPDATE_COMPLETE_CLEANUP_IN_PROGRESS until its parent cleans up",
        test="test_a_nested_stack_cleans_up_with_its_parent",
    ),
    Claim(
        id="nested-events",
        says="DescribeEvents of a root stack has no events of its nested stacks",
        test="test_the_events_of_nested_stacks_are_their_own",
    ),
    Claim(
        id="nested-unchanged",
        says="IncludeNestedStacks leaves out a nested stack in which nothing changes",
        test="test_nested_stacks_that_stay_are_left_out",
    ),
    Claim(
        id="no-echo-output",
        says="An output of a NoEcho parameter is shown in the clear",
        test="test_an_output_shows_a_parameter_without_echo",
    ),
    Claim(
        id="package-unsubscribed",
        says="DescribeModelPackage without a subscription is refused as CreateModel is",
        test="test_a_package_without_a_subscription_is_not_described",
        needs="ESMCFN_LIVE_UNSUBSCRIBED, a package",
    ),
    Claim(
        id="repeated-request",
        says="A repeated ExecuteChangeSet gets TokenAlreadyExistsException",
        test="test_a_repeated_execution_is_told_by_its_token",
    ),
    Claim(
        id="cancel-token",
        says="Events after CancelUpdateStack carry its token",
        test="test_what_follows_a_cancellation_carries_its_token",
    ),
    Claim(
        id="created-updated",
        says="A stack made by a change set has a LastUpdatedTime",
        test="test_a_stack_made_by_a_change_set_counts_as_updated",
    ),
    Claim(
        id="rollback-operation",
        says="A rollback is an operation of its own, listed before the one that failed",
        test="test_a_rollback_has_an_operation_of_its_own",
    ),
    Claim(
        id="nested-token",
        says="Events of nested stacks carry the token of the root's operation",
        test="test_a_nested_stack_that_failed_waits_for_its_parent",
    ),
    Claim(
        id="parameter-of-an-output",
        says="A parameter that only an output shows is a change without changes, and an unused one is none",
        test="test_a_parameter_that_only_an_output_shows_is_executable",
    ),
    Claim(
        id="import-by-name",
        says="ImportExistingResources imports a log group whose name is taken, beside what the change set adds",
        test="test_what_is_there_is_taken_over_by_its_name",
    ),
    Claim(
        id="import-tags",
        says="An import is followed by an update that puts the stack's tags on what was imported",
        test="test_what_is_there_is_taken_over_by_its_name",
    ),
    Claim(
        id="import-retained",
        says="ImportExistingResources fails the change set where what is taken has no DeletionPolicy that keeps it",
        test="test_what_would_be_deleted_is_not_taken_over",
    ),
    Claim(
        id="endpoint-name-kept",
        says="Fn::GetAtt EndpointName has the name as it was given, while Ref is the ARN in lower case",
        test="test_an_endpoint_keeps_the_case_of_its_name",
        needs=GPU,
    ),
    Claim(
        id="revert-endpoint",
        says="A REVERT_DRIFT change set makes a deleted endpoint again",
        test="test_a_deleted_endpoint_is_made_again_by_a_revert",
        needs=GPU,
    ),
    Claim(
        id="scaled-kept",
        says="An update returns a scaled fleet to the configuration's count, unless RetainAllVariantProperties",
        test="test_an_update_returns_a_scaled_fleet_to_its_configuration",
        needs=f"{GPU}, and a quota of 4",
    ),
    Claim(
        id="log-group-taken",
        says="The log group that SageMaker made for an endpoint is in the way of one in a stack",
        test="test_the_log_group_of_an_endpoint_is_in_the_way",
        needs=GPU,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Something that the sandbox cannot show.

    Attributes:
        test: the live test that shows it on an account; where there is none, `because` says why.
    """

    says: str
    test: str = ""
    because: str = ""


LIMITS = (
    Limit(
        says="Real time: an endpoint takes 2 seconds, and minutes to hours on AWS",
        because="waiting and deadlines are of the clock that is asked, the sandbox's or the wall's",
    ),
    Limit(
        says="Real money: prices, bills and metrics are what it was told",
        because="a bill has hours of delay; the recorded prices have their date and their source",
    ),
    Limit(
        says="Capacity: there is a host for every instance unless a fault says otherwise",
        because="nobody can have AWS run out of hosts on demand",
    ),
    Limit(
        says="Your quotas: 100 instances a type and 1000 in all unless a fault says otherwise",
        test="test_a_quota_that_does_not_suffice_is_a_warning",
    ),
    Limit(
        says="Your subscriptions: every package is subscribed to unless a fault says otherwise",
        test="test_a_package_without_a_subscription_is_not_described",
    ),
    Limit(
        says="IAM: policies are kept and never evaluated; permissions are as faults say, service control policies too",
        because="what each verb calls is held against its permissions in the tests; AWS alone evaluates them",
    ),
    Limit(
        says="Subnets, security groups, images and objects of a model are not looked up",
        because="they are pulled by SageMaker, minutes after its call was answered",
    ),
    Limit(
        says="What a container computes: shapes are those of ESM, the numbers are made up",
        because="`esmcfn invoke` asks the real one",
    ),
    Limit(
        says="Alarms have the state that told metrics give them, and act on nothing; nothing scales by itself",
        because="they follow from minutes of real load",
    ),
    Limit(
        says="A cancelled update, a silent rollback and their timing are as SageMaker documents them",
        test="test_a_cancelled_update_waits_for_the_endpoint",
    ),
    Limit(
        says="StackSets, hooks, modules, macros, other transforms and EXPRESS mode are refused",
        because="esmcfn uses none of them",
    ),
    Limit(
        says="GovCloud and China are not there",
        because="the Marketplace packages are not offered there",
    ),
    Limit(
        says="The drift of a type without a read handler is not checked",
        because="CloudFormation does not check it either: the registry schemas say so",
    ),
)
"""The sandbox's limits, for docs/sandbox.md."""
