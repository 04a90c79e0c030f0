"""Templates that are too large to be sent along go through the artifact bucket, and arrive as they were built."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

import pytest
from botocore.stub import ANY
from builders import a_container, a_selection, a_stack, a_target

from esmcfn.aws.uploads import Uploads
from esmcfn.domain.stack import Selection
from esmcfn.errors import AccessDenied, CloudError, ExitCode, InputError
from esmcfn.permissions.calls import UPLOADING
from esmcfn.sandbox.faults import Faults, action_name
from esmcfn.sandbox.server import Sandbox
from esmcfn.template import synthesize_all

from .deploying import SPEED, Account
from .test_deploying import client

BUCKET = "artifacts"


def a_large_selection(bucket: str = BUCKET, *, letters: int = 900) -> Selection:
    """A model whose container has so much to be told that no request holds it."""
    said = {f"SETTING_{number}": "x" * letters for number in range(60)}
    target = a_target(artifact_bucket=bucket)
    return a_selection(a_stack(target=target, package="", container=a_container(environment=said)), target=target)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from esmcfn.sandbox.clock import Clock

    sandbox = Sandbox(tmp_path_factory.mktemp("state"), clock=Clock(speed=SPEED))
    sandbox.start()
    yield sandbox
    with sandbox.world.lock:
        sandbox.world.reset()
    sandbox.stop()


@pytest.fixture
def account(running: Sandbox) -> Account:
    there = Account.emptied(running)
    s3 = client(there, "s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return there


def uploaded(account: Account) -> list[str]:
    return [each["Key"] for each in client(account, "s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_without_a_bucket_it_is_bad_input_with_its_line_before_aws_is_asked(account: Account) -> None:
    account.sandbox.world.faults.add("throttle", {"action": "cloudformation:*"})
    with pytest.raises(InputError) as raised:
        account.plan(a_large_selection(""))
    (problem,) = raised.value.problems
    assert str(problem).startswith("environments/dev.yaml:")
    assert "and CloudFormation takes 51,200 in a request" in problem.message
    assert "artifact_bucket" in problem.suggestion


def test_more_than_a_megabyte_is_bad_input_whatever_bucket_there_is(account: Account) -> None:
    with pytest.raises(InputError, match="1 problem"):
        account.plan(a_large_selection(letters=20_000))


def test_it_is_uploaded_under_its_digest_deployed_and_planned_again_as_unchanged(account: Account) -> None:
    selection = a_large_selection()
    assert account.deploy(selection).exit_code is ExitCode.DONE
    texts = [each.text for each in synthesize_all(selection) if len(each.text.encode()) > 51_200]
    assert uploaded(account) == [f"templates/{hashlib.sha256(texts[0].encode()).hexdigest()}.json"]
    body = client(account, "cloudformation").get_template(StackName="esm-dev-prototype-model")["TemplateBody"]
    assert body == json.loads(texts[0])
    assert account.plan(selection).body.summary["unchanged"] > 0
    assert len(uploaded(account)) == 1


def test_a_bucket_without_versions_does_as_well(account: Account) -> None:
    client(account, "s3").create_bucket(
        Bucket="plain.bucket", CreateBucketConfiguration={"LocationConstraint": "us-east-2"}
    )
    assert account.deploy(a_large_selection("plain.bucket")).exit_code is ExitCode.DONE


@pytest.fixture
def overwritten(account: Account, monkeypatch: pytest.MonkeyPatch) -> Callable[[Selection], None]:
    """Between the upload and the change set somebody puts another template under the same key."""

    def by(selection: Selection) -> None:
        (text,) = [each.text for each in synthesize_all(selection) if len(each.text.encode()) > 51_200]
        foreign = {
            "Bucket": selection.target.artifact_bucket,
            "Key": f"templates/{hashlib.sha256(text.encode()).hexdigest()}.json",
            "Body": b'{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}',
        }
        before = Faults.before_call

        def racing(faults: Faults, service: str, operation: str) -> None:
            if action_name(service, operation) == "cloudformation:CreateChangeSet":
                account.sandbox.world.moto.call("s3", "PutObject", "us-east-2", foreign)
            before(faults, service, operation)

        monkeypatch.setattr(Faults, "before_call", racing)

    return by


def test_what_somebody_else_puts_there_meanwhile_is_not_what_is_proposed(
    account: Account, overwritten: Callable[[Selection], None]
) -> None:
    """Whoever may plan may write into the bucket: the version is pinned."""
    selection = a_large_selection()
    overwritten(selection)
    made = account.kept(selection)
    (stack,) = [each for each in made.body.stacks if each.model]
    kept = client(account, "cloudformation").get_template(ChangeSetName=stack.change_set_id)["TemplateBody"]
    assert "Endpoint" in kept["Resources"]


def test_without_versions_a_foreign_template_is_found_out_and_leaves_no_change_set(
    account: Account, overwritten: Callable[[Selection], None]
) -> None:
    client(account, "s3").create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
    selection = a_large_selection("plain")
    overwritten(selection)
    with pytest.raises(CloudError, match="another template than was built"):
        account.kept(selection)
    stacks = client(account, "cloudformation").describe_stacks()["Stacks"]
    assert "esm-dev-prototype-model" not in [each["StackName"] for each in stacks]


@pytest.mark.parametrize(("bucket", "said"), [("nowhere", "does not exist"), (BUCKET, "s3:PutObject")])
def test_a_bucket_that_is_not_there_or_not_ours_to_write_is_named(account: Account, bucket: str, said: str) -> None:
    if bucket == BUCKET:
        account.fault("access-denied", action="s3:PutObject")
    with pytest.raises(CloudError) as raised:
        account.plan(a_large_selection(bucket))
    assert f"uploading the template of esm-dev-prototype-model to {bucket}" in raised.value.message
    assert said in raised.value.message


def test_the_permissions_name_what_is_called_and_what_cloudformation_reads(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, before = set[str](), Faults.before_call

    def listening(faults: Faults, service: str, operation: str) -> None:
        heard.add(action_name(service, operation))
        before(faults, service, operation)

    monkeypatch.setattr(Faults, "before_call", listening)
    account.fault("throttle", action="cloudformation:ListImports")  # so that moto's calls are heard
    account.plan(a_large_selection())
    assert {each for each in heard if each.startswith("s3:")} <= set(UPLOADING)
    assert "s3:PutObject" in heard


def test_a_bucket_must_be_of_the_environments_account() -> None:
    """A pull request may name any bucket; S3 refuses one whose owner is not who we say."""
    from .test_examiner import StubbedClients

    clients, selection = StubbedClients(), a_large_selection("somebodys")
    (large,) = [each for each in synthesize_all(selection) if len(each.text.encode()) > 51_200]
    clients.of("s3")
    wanted = {"Bucket": "somebodys", "ExpectedBucketOwner": selection.target.account}
    rest = dict.fromkeys(("Key", "Body", "ContentType", "ChecksumSHA256"), ANY)
    clients.stubs["s3"].add_client_error(
        "put_object", "AccessDenied", "Access Denied", expected_params={**wanted, **rest}
    )
    with pytest.raises(AccessDenied, match="to somebodys"):
        Uploads(clients).source(large)  # type: ignore[arg-type]
