"""Where a template may come from: what is said in its URL is honoured or refused."""

from __future__ import annotations

import http.client
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import REGION, World
from .nesting import BUCKET, HOSTS, uploaded
from .templates import a_template, a_topic

TEMPLATE = a_template(T=a_topic())


def types(world: World, url: str) -> Any:
    return world.cfn.get_template_summary(TemplateURL=url)["ResourceTypes"]


@pytest.mark.parametrize("style", HOSTS)
def test_an_object_has_many_addresses(world: World, style: str) -> None:
    assert types(world, uploaded(world, TEMPLATE, style=style)) == ["AWS::SNS::Topic"]


def test_the_sandboxs_own_address_is_one(world: World) -> None:
    uploaded(world, TEMPLATE)
    assert types(world, f"{world.sandbox.endpoint_url}/{BUCKET}/child.json") == ["AWS::SNS::Topic"]


@pytest.mark.parametrize(
    "url",
    [
        f"http://s3.{REGION}.amazonaws.com/{BUCKET}/child.json",
        f"https://{BUCKET}.s3-website-{REGION}.amazonaws.com/child.json",
        f"https://s3-website.{REGION}.amazonaws.com/{BUCKET}/child.json",
        f"https://s3.{REGION}.amazonaws.com:8443/{BUCKET}/child.json",
        f"https://me@s3.{REGION}.amazonaws.com/{BUCKET}/child.json",
        f"https://s3.{REGION}.amazonaws.com/{BUCKET}/child.json#part",
        f"https://127.0.0.1/{BUCKET}/child.json",
        f"http://127.0.0.1:1/{BUCKET}/child.json",
        f"http://localhost/{BUCKET}/child.json",
        "https://example.com/child.json",
        "s3://templates/child.json",
        "ssm-doc://arn:aws:ssm:us-east-2:123456789012:document/d",
    ],
)
def test_any_other_address_is_refused(world: World, url: str) -> None:
    uploaded(world, TEMPLATE)
    with pytest.raises(ClientError, match="TemplateURL must be a supported URL"):
        types(world, url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://s3.eu-west-1.amazonaws.com/{BUCKET}/child.json",
        f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/child.json",
        f"https://s3.amazonaws.com/{BUCKET}/child.json",
    ],
)
def test_a_bucket_is_addressed_where_it_is(world: World, url: str) -> None:
    uploaded(world, TEMPLATE)
    with pytest.raises(ClientError, match="must be addressed using the specified endpoint"):
        types(world, url)
    world.client("s3", "us-east-1").create_bucket(Bucket="global")
    world.client("s3").put_object(Bucket="global", Key="t.json", Body=b'{"Resources": {}}')
    with pytest.raises(ClientError, match="At least one Resources member"):
        types(world, "https://s3.amazonaws.com/global/t.json")


def test_a_version_is_honoured_and_a_signature_refused(world: World) -> None:
    url, s3 = uploaded(world, TEMPLATE), world.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    uploaded(world, a_template(T=a_topic(), B={"Type": "AWS::S3::Bucket"}))
    versions = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    (old,) = [item["VersionId"] for item in versions if not item["IsLatest"]]
    assert types(world, url) == ["AWS::S3::Bucket", "AWS::SNS::Topic"]
    assert types(world, f"{url}?versionId={old}") == ["AWS::SNS::Topic"]
    with pytest.raises(ClientError, match="takes versionId only, no X-Amz-Signature"):
        types(world, f"{url}?X-Amz-Signature=0")


def test_a_missing_object_is_s3s_error(world: World) -> None:
    uploaded(world, TEMPLATE)
    for key, told in ((f"{BUCKET}/nope.json", "key does not exist"), ("nowhere/child.json", "bucket does not exist")):
        with pytest.raises(ClientError, match=f"S3 error: .*{told}"):
            types(world, f"https://s3.{REGION}.amazonaws.com/{key}")


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (-60, 403)])
def test_a_presigned_url_expires(world: World, seconds: int, status: int) -> None:
    uploaded(world, TEMPLATE)
    asked = {"Bucket": BUCKET, "Key": "child.json"}
    url = world.client("s3").generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)
    port = int(world.sandbox.endpoint_url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", url.removeprefix(world.sandbox.endpoint_url))
    assert connection.getresponse().status == status
    connection.close()
