"""Templates that are too large to be sent along: put into the artifact bucket, and named by what is in them."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import quote

from esmcfn.aws.session import Clients, translated
from esmcfn.domain.template import INLINE_BYTES, UPLOADED_BYTES, Template
from esmcfn.errors import CloudError

FOLDER = "templates"
"""Where they lie in the bucket; the roles may write and read there and nowhere else in it."""


class Uploads:
    """How a template reaches CloudFormation."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def source(self, template: Template) -> dict[str, str]:
        """The parameter of CreateChangeSet that carries the template: its text, or the address of an object.

        Raises:
            CloudError: it is too large, there is no bucket, or S3 refused.
        """
        text = template.text
        if len(text.encode()) <= INLINE_BYTES:
            return {"TemplateBody": text}
        return {"TemplateURL": self._address(template, text.encode())}

    def _address(self, template: Template, content: bytes) -> str:
        """Upload it, and pin the version: what somebody else puts under the same key afterwards is another one.

        The bucket must belong to the environment's account, so that nobody's bucket of a name that was given up is
        ever written to.
        """
        target, name = template.stack.target, template.stack.name
        if not target.artifact_bucket or len(content) > UPLOADED_BYTES:
            raise CloudError(f"{name}: its template has {len(content):,} bytes, which CloudFormation cannot be given")
        digest = hashlib.sha256(content)
        key = f"{FOLDER}/{digest.hexdigest()}.json"
        with translated(f"uploading the template of {name} to {target.artifact_bucket}", operation="PutObject"):
            put = self._client.put_object(
                Bucket=target.artifact_bucket,
                Key=key,
                Body=content,
                ContentType="application/json",
                ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
                ExpectedBucketOwner=target.account,
            )
        version = put.get("VersionId", "")
        pinned = f"?versionId={quote(version, safe='')}" if version not in {"", "null"} else ""
        # A bucket with a dot in its name has no certificate as a host.
        host = f"s3.{target.region}.{target.url_suffix}"
        dotted = "." in target.artifact_bucket
        place = f"{host}/{target.artifact_bucket}" if dotted else f"{target.artifact_bucket}.{host}"
        return f"https://{place}/{key}{pinned}"

    @property
    def _client(self) -> Any:
        return self._clients.of("s3")


def same(template: Template, body: object) -> bool:
    """Is what CloudFormation has what was sent?"""
    return json.dumps(body, sort_keys=True) == json.dumps(template.body, sort_keys=True)
