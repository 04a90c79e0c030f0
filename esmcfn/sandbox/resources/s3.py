"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from __future__ import annotations

import json

from esmcfn.sandbox.conditions import mend
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, policy_text, without_none
from esmcfn.sandbox.state import Json

BLOCK = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


class Bucket(Handler):
    """AWS::S3::Bucket: names, encryption, versioning, public access block, ownership; tags."""

    resource_type = "AWS::S3::Bucket"
    supported = frozenset(
        {
            "BucketEncryption",
            "BucketName",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        }
    )
    attributes = frozenset({"Arn", "DomainName", "RegionalDomainName", "DualStackDomainName", "WebsiteURL"})
    name_property = "BucketName"

    def create(self, request: Request) -> Outcome:
        name = request.physical_id or request.properties.get("BucketName") or request.name(63, lower=True)
        if self._exists(request, name):
            raise HandlerError("AlreadyExists", f"{name} already exists")
        place = None if request.region == "us-east-1" else {"LocationConstraint": request.region}
        request.call("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=place)
        self._configure(request, name)
        return self._outcome(request, name)

    def update(self, request: Request) -> Outcome:
        self._must_exist(request)
        self._configure(request, request.physical_id)
        return self._outcome(request, request.physical_id)

    def delete(self, request: Request) -> None:
        self._must_exist(request)
        name = request.physical_id
        if request.call("s3", "ListObjectVersions", Bucket=name, MaxKeys=1).get("Versions"):
            raise HandlerError("GeneralServiceException", "The bucket you tried to delete is not empty")
        request.call("s3", "DeleteBucket", Bucket=name)

    def read(self, request: Request) -> dict[str, Json]:
        self._must_exist(request)
        name = request.physical_id
        found: dict[str, Json] = {"BucketName": name}
        for read in (self._encryption, self._versioning, self._block, self._ownership, self._tags):
            try:
                found |= read(request, name)
            except Refusal as refusal:
                if not refusal.code.startswith(("NoSuch", "ServerSideEncryption", "OwnershipControls")):
                    raise
        return found

    def existing(self, request: Request) -> Outcome:
        return self._outcome(request, request.physical_id)

    def conflict(self, request: Request) -> str:
        name = str(request.properties.get("BucketName", ""))
        return name if name and self._exists(request, name) else ""

    def _outcome(self, request: Request, name: str) -> Outcome:
        regional = f"{name}.s3.{request.region}.amazonaws.com"
        attributes = {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": regional,
            "DualStackDomainName": f"{name}.s3.dualstack.{request.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website.{request.region}.amazonaws.com",
        }
        return Outcome(physical_id=name, attributes=attributes)

    def _configure(self, request: Request, name: str) -> None:
        given = request.properties
        if request.changed("BucketEncryption"):
            self._put_encryption(request, name, given.get("BucketEncryption"))
        if request.changed("VersioningConfiguration"):
            status = given.get("VersioningConfiguration", {}).get("Status", "Suspended")
            request.call("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration={"Status": status})
        if request.changed("PublicAccessBlockConfiguration"):
            block = dict.fromkeys(BLOCK, False) | given.get("PublicAccessBlockConfiguration", {})
            request.call("s3", "PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=block)
        if request.changed("OwnershipControls"):
            self._own(request, name, given.get("OwnershipControls"))
        tags = [tag for tag in request.merged_tags() if not tag["Key"].startswith("aws:")]
        if tags:
            request.call("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})
        elif request.previous or request.previous_tags:
            request.call("s3", "DeleteBucketTagging", Bucket=name)

    def _own(self, request: Request, name: str, controls: Json) -> None:
        if controls:
            request.call("s3", "PutBucketOwnershipControls", Bucket=name, OwnershipControls=controls)
        else:
            request.call("s3", "DeleteBucketOwnershipControls", Bucket=name)

    def _put_encryption(self, request: Request, name: str, wanted: Json) -> None:
        if not wanted:
            request.call("s3", "DeleteBucketEncryption", Bucket=name)
            return
        rules = [
            {
                "ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault"),
                "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
            }
            for rule in wanted["ServerSideEncryptionConfiguration"]
        ]
        configuration = {"Rules": rules}
        request.call("s3", "PutBucketEncryption", Bucket=name, ServerSideEncryptionConfiguration=configuration)

    def _encryption(self, request: Request, name: str) -> dict[str, Json]:
        live = request.call("s3", "GetBucketEncryption", Bucket=name)["ServerSideEncryptionConfiguration"]
        declared = request.properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [{}])
        rules = []
        for index, rule in enumerate(live["Rules"]):
            found = {"ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"]}
            if index < len(declared) and "BucketKeyEnabled" in declared[index]:
                found["BucketKeyEnabled"] = rule.get("BucketKeyEnabled", False)
            rules.append(found)
        return {"BucketEncryption": {"ServerSideEncryptionConfiguration": rules}}

    def _versioning(self, request: Request, name: str) -> dict[str, Json]:
        status = request.call("s3", "GetBucketVersioning", Bucket=name).get("Status")
        return {"VersioningConfiguration": {"Status": status}} if status else {}

    def _block(self, request: Request, name: str) -> dict[str, Json]:
        live = request.call("s3", "GetPublicAccessBlock", Bucket=name)["PublicAccessBlockConfiguration"]
        declared = request.properties.get("PublicAccessBlockConfiguration", BLOCK)
        return {"PublicAccessBlockConfiguration": {k: v for k, v in live.items() if k in declared or v}}

    def _ownership(self, request: Request, name: str) -> dict[str, Json]:
        live = request.call("s3", "GetBucketOwnershipControls", Bucket=name)["OwnershipControls"]
        return {"OwnershipControls": live}

    def _tags(self, request: Request, name: str) -> dict[str, Json]:
        return without_none(Tags=request.call("s3", "GetBucketTagging", Bucket=name)["TagSet"])

    def _exists(self, request: Request, name: str) -> bool:
        names = [item["Name"] for item in request.call("s3", "ListBuckets").get("Buckets", ())]
        return name in names

    def _must_exist(self, request: Request) -> None:
        if not self._exists(request, request.physical_id):
            raise HandlerError("NotFound", f"The specified bucket does not exist: {request.physical_id}")


class BucketPolicy(Handler):
    """AWS::S3::BucketPolicy: named after its bucket."""

    resource_type = "AWS::S3::BucketPolicy"
    supported = frozenset({"Bucket", "PolicyDocument"})

    def create(self, request: Request) -> Outcome:
        bucket = request.properties["Bucket"]
        self._put(request, bucket)
        return Outcome(physical_id=bucket)

    def update(self, request: Request) -> Outcome:
        self.read(request)
        self._put(request, request.physical_id)
        return Outcome(physical_id=request.physical_id)

    def delete(self, request: Request) -> None:
        self.read(request)
        request.call("s3", "DeleteBucketPolicy", Bucket=request.physical_id)

    def read(self, request: Request) -> dict[str, Json]:
        live = request.call("s3", "GetBucketPolicy", Bucket=request.physical_id)["Policy"]
        return {"Bucket": request.physical_id, "PolicyDocument": json.loads(live)}

    def _put(self, request: Request, bucket: str) -> None:
        text = policy_text(request.properties["PolicyDocument"])
        mend()
        request.call("s3", "PutBucketPolicy", Bucket=bucket, Policy=text)


HANDLERS: tuple[Handler, ...] = (Bucket(), BucketPolicy())
