"""A template from a URL: an object in the sandbox's own S3, addressed as AWS wants it."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from esmcfn.sandbox.cloudformation import validate
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.refusal import Refusal, invalid

HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com"
)
"""S3's hosts: path style or virtual-host style, of a region or global; no websites.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

OURS = ("127.0.0.1", "localhost")
GLOBAL_REGION = "us-east-1"
"""Where a bucket must be that is addressed as s3.amazonaws.com/bucket."""

ELSEWHERE = (
    "S3 error: The bucket you are attempting to access must be addressed using the specified endpoint. Please send all "
    "future requests to this endpoint."
)


def from_url(ground: Ground, region: str, url: str) -> str:
    """Return the text at a TemplateURL: an object in the sandbox's S3, one version of it where the URL names one.

    Raises:
        Refusal: ValidationError: not such a URL, or S3's own error.
    """
    try:
        parts = urlsplit(url)
        bucket, key, at = _place(ground, parts)
    except ValueError as error:  # a port that is none
        raise invalid("TemplateURL must be a supported URL.") from error
    wanted = {"Bucket": bucket, "Key": key}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name != "versionId":
            raise invalid(f"TemplateURL: the sandbox takes versionId only, no {name}: it checks no signatures")
        wanted["VersionId"] = value
    try:
        text = str(ground.moto.call("s3", "GetObject", region, wanted)["Body"])
        found = ground.moto.call("s3", "HeadBucket", region, {"Bucket": bucket})["BucketRegion"]
    except Refusal as refusal:
        raise invalid(f"S3 error: {refusal.message}") from refusal
    except UnicodeDecodeError as error:
        raise invalid("Template format error: it is not text in UTF-8") from error
    if at not in ("", found):
        raise invalid(ELSEWHERE)
    if len(text.encode()) > validate.MAX_URL_BODY_BYTES:
        raise invalid("Template may not exceed 1000000 bytes in size.")
    return text


def _place(ground: Ground, parts: SplitResult) -> tuple[str, str, str]:
    """Return bucket, key, and the region in which the URL looks for the bucket; empty where it says none."""
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    if host in OURS and parts.scheme == "http" and parts.port == ground.port:
        bucket, _, key = path.partition("/")
        return bucket, key, ""
    match = HOST.fullmatch(host)
    strange = parts.fragment or parts.username or parts.port not in (None, 443)
    if match is None or strange or parts.scheme != "https":
        raise invalid("TemplateURL must be a supported URL.")
    if match["bucket"]:
        return match["bucket"], path, match["region"] or ""
    bucket, _, key = path.partition("/")
    return bucket, key, match["region"] or GLOBAL_REGION
