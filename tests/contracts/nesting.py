"""Templates in the sandbox's own S3, and the stacks that nest them."""

from __future__ import annotations

import json
from typing import Any

from .conftest import REGION, World

BUCKET = "templates"
HOSTS = {
    "path": f"https://s3.{REGION}.amazonaws.com/{BUCKET}",
    "virtual-host": f"https://{BUCKET}.s3.{REGION}.amazonaws.com",
    "dashed path": f"https://s3-{REGION}.amazonaws.com/{BUCKET}",
    "dual stack": f"https://{BUCKET}.s3.dualstack.{REGION}.amazonaws.com",
    "global virtual-host": f"https://{BUCKET}.s3.amazonaws.com",
}


def uploaded(world: World, template: object, key: str = "child.json", *, style: str = "path") -> str:
    """Put a template into a bucket and return its URL."""
    s3 = world.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(template).encode())
    return f"{HOSTS[style]}/{key}"


def a_nested(url: str, **parameters: Any) -> dict[str, Any]:
    """A nested stack; its parameters, if any."""
    given = {"Parameters": parameters} if parameters else {}
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, **given}}


def child_of(world: World, stack: str, logical_id: str = "Child") -> str:
    """Return the ARN of a nested stack."""
    found = world.cfn.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])
