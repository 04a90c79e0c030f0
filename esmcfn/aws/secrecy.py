"""Keys and secrets, and who may use them, as KMS and Secrets Manager tell it. Never the value of a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws.session import Clients, error_code, translated
from esmcfn.domain.drift import Reading

_OF_KEY = ("Description", "Enabled", "KeySpec", "KeyUsage")
_OF_SECRET = ("Description", "KmsKeyId", "RotationEnabled")
_DELETED_KEY = frozenset({"PendingDeletion", "PendingReplicaDeletion"})
_SERVICES = (".amazonaws.com", ".amazonaws.com.cn")


class SecrecyReader:
    """Keys and secrets, in the words of CloudFormation's properties."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def key(self, key_id: str) -> Reading | None:
        """Whether it works, who may use it by its policy and by grants, tags; None where it is being deleted."""
        client, given = self._clients.of("kms"), {"KeyId": key_id}
        found = _found(f"asking KMS about key {key_id}", "DescribeKey", lambda: client.describe_key(**given))
        if found is None or found["KeyMetadata"]["KeyState"] in _DELETED_KEY:
            return None
        described = found["KeyMetadata"]
        with translated(f"reading the policy of key {key_id}", operation="GetKeyPolicy"):
            policy = client.get_key_policy(**given, PolicyName="default")["Policy"]
        with translated(f"asking whether key {key_id} rotates", operation="GetKeyRotationStatus"):
            rotates = client.get_key_rotation_status(**given)["KeyRotationEnabled"]
        return Reading(
            properties={
                **{name: described[name] for name in _OF_KEY if name in described},
                "EnableKeyRotation": rotates,
                "KeyPolicy": json.loads(policy),
                "Grants": self._grants(key_id),
            },
            tags={tag["TagKey"]: tag["TagValue"] for tag in self._pages("list_resource_tags", "Tags", key_id)},
        )

    def secret(self, arn: str) -> Reading | None:
        """Its description, and who may read it by its own policy; None where it is being deleted."""
        client = self._clients.of("secretsmanager")
        doing = f"asking Secrets Manager about {arn}"
        found = _found(doing, "DescribeSecret", lambda: client.describe_secret(SecretId=arn))
        if found is None or found.get("DeletedDate"):
            return None
        policy = _found(doing, "GetResourcePolicy", lambda: client.get_resource_policy(SecretId=arn)) or {}
        properties: dict[str, object] = {name: found[name] for name in _OF_SECRET if name in found}
        copies = sorted(each["Region"] for each in found.get("ReplicationStatus", []))
        return Reading(
            properties={
                **properties,
                **({"ResourcePolicy": json.loads(policy["ResourcePolicy"])} if policy.get("ResourcePolicy") else {}),
                **({"ReplicaRegions": copies} if copies else {}),
            },
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
        )

    def _grants(self, key_id: str) -> list[Mapping[str, object]]:
        """Grants to anybody but AWS's own services, which make and retire theirs as they work.

        https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
        """
        return [
            {"GrantId": grant["GrantId"], "GranteePrincipal": holder, "Operations": sorted(grant.get("Operations", []))}
            for grant in self._pages("list_grants", "Grants", key_id)
            if not _of_a_service(holder := grant.get("GranteePrincipal", ""))
        ]

    def _pages(self, operation: str, key: str, key_id: str) -> list[Any]:
        called = "".join(word.capitalize() for word in operation.split("_"))
        with translated(f"reading {key.lower()} of key {key_id}", operation=called):
            pages = list(self._clients.of("kms").get_paginator(operation).paginate(KeyId=key_id))
        return [item for page in pages for item in page[key]]


def _of_a_service(holder: str) -> bool:
    return holder.endswith(_SERVICES) or ":role/aws-service-role/" in holder


def _found(doing: str, operation: str, ask: Callable[[], Any]) -> Any:
    """The answer, None where there is no such thing."""
    with translated(doing, operation=operation):
        try:
            return ask()
        except ClientError as error:
            if error_code(error) in {"NotFoundException", "ResourceNotFoundException"}:
                return None
            raise
