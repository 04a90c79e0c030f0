"""A stack as CloudFormation text."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from esmcfn.domain.origin import Origin
from esmcfn.domain.stack import Stack

INLINE_BYTES = 51_200
"""Bytes of a template that is sent along with a request, at most."""

UPLOADED_BYTES = 1_000_000
"""Bytes of a template that CloudFormation fetches from S3, at most: 1 MB.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""


class Template(Struct, frozen=True, kw_only=True):
    """A stack's CloudFormation text, with its digest and the lines of YAML behind it.

    Attributes:
        text: canonical JSON; the bytes that are built, checked and deployed.
        body: the same, parsed; never changed.
        digest: "sha256:" and 64 hex digits over the body without its Description, where the digest itself stands.
        origins: "LogicalId" or "LogicalId/Property/0/Property" to the line of YAML; see `origin`.
        names: logical id to physical name, for what esmcfn names itself.
    """

    stack: Stack
    text: str
    body: Mapping[str, object]
    digest: str
    origins: Mapping[str, Origin]
    names: Mapping[str, str]

    def origin(self, path: str) -> Origin:
        """The line of YAML behind a path such as "EndpointConfig/ProductionVariants/0/InstanceType".

        The longest known prefix answers; the stack's own line where nothing nearer is known.
        """
        parts = path.split("/")
        for length in range(len(parts), 0, -1):
            found = self.origins.get("/".join(parts[:length]))
            if found:
                return found
        return self.stack.origins.at

    def resource_type(self, logical_id: str) -> str:
        """Type of a resource; empty where the template has none of this id."""
        resources = self.body.get("Resources")
        resource = resources.get(logical_id) if isinstance(resources, dict) else None
        found = resource.get("Type") if isinstance(resource, dict) else None
        return found if isinstance(found, str) else ""
