"""IAM: who may do what, read only, with everything that a hand may have attached."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from esmcfn.aws.session import Clients, error_code, translated
from esmcfn.domain.drift import Reading

GONE = "NoSuchEntity"


class AccessReader:
    """Roles, users, policies and keys, in the words of CloudFormation's properties."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def role(self, name: str) -> Reading | None:
        """Trust, boundary, policies attached and inline, tags."""
        given = {"RoleName": name}
        with translated(f"asking IAM about role {name}", operation="GetRole"):
            role = _found(lambda: self._client.get_role(**given)["Role"])
        if role is None:
            return None
        told = ("RoleName", "Path", "Description", "MaxSessionDuration")
        return Reading(
            properties={
                **{key: role[key] for key in told if key in role},
                "AssumeRolePolicyDocument": _document(role["AssumeRolePolicyDocument"]),
                **self._policies("role", given, role),
            },
            tags=_tags(role),
        )

    def user(self, name: str) -> Reading | None:
        """Boundary, policies, groups, access keys, a console password, tags."""
        given = {"UserName": name}
        with translated(f"asking IAM about user {name}", operation="GetUser"):
            user = _found(lambda: self._client.get_user(**given)["User"])
        if user is None:
            return None
        groups = self._all("list_groups_for_user", "Groups", given)
        login = self._login(name)
        return Reading(
            properties={
                "UserName": user["UserName"],
                "Path": user["Path"],
                "Groups": [group["GroupName"] for group in groups],
                "AccessKeys": [key["AccessKeyId"] for key in self._keys(name)],
                **({"Console": "has a password"} if login else {}),
                **self._policies("user", given, user),
            },
            tags=_tags(user),
        )

    def policy(self, arn: str) -> Reading | None:
        """The version in force, and everybody whom it is attached to."""
        with translated(f"asking IAM about policy {arn}", operation="GetPolicy"):
            policy = _found(lambda: self._client.get_policy(PolicyArn=arn)["Policy"])
            if policy is None:
                return None
            version = self._client.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        told = {"ManagedPolicyName": policy["PolicyName"], "Path": policy["Path"]}
        if "Description" in policy:
            told["Description"] = policy["Description"]
        document = _document(version["PolicyVersion"]["Document"])
        return Reading(
            properties={**told, "PolicyDocument": document, "AttachedTo": sorted(self._holders(arn))},
        )

    def key(self, key_id: str, user: str) -> Reading | None:
        """One access key of a user; never the secret, which IAM does not tell."""
        keys = self._keys(user)
        found = next((key for key in keys if key["AccessKeyId"] == key_id), None)
        return Reading(properties={"UserName": user, "Status": found["Status"]}) if found else None

    def _policies(self, kind: str, given: Mapping[str, str], described: Mapping[str, Any]) -> dict[str, object]:
        """Attached and inline policies of a role or a user."""
        attached = self._all(f"list_attached_{kind}_policies", "AttachedPolicies", given)
        names = self._all(f"list_{kind}_policies", "PolicyNames", given)
        inline = []
        with translated(f"reading policies of {kind} {next(iter(given.values()))}", operation=f"Get{kind}Policy"):
            for name in names:
                found = getattr(self._client, f"get_{kind}_policy")(**given, PolicyName=name)
                inline.append({"PolicyName": name, "PolicyDocument": _document(found["PolicyDocument"])})
        boundary = described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {
            "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
            "Policies": inline,
            **({"PermissionsBoundary": boundary} if boundary else {}),
        }

    def _keys(self, user: str) -> list[Any]:
        """None of a user who is not there."""
        return self._all("list_access_keys", "AccessKeyMetadata", {"UserName": user})

    def _login(self, user: str) -> object:
        with translated(f"asking whether {user} has a console password", operation="GetLoginProfile"):
            return _found(lambda: self._client.get_login_profile(UserName=user))

    def _holders(self, arn: str) -> Iterator[str]:
        with translated(f"asking whom policy {arn} is attached to", operation="ListEntitiesForPolicy"):
            for page in self._client.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn):
                for kind in ("Role", "User", "Group"):
                    yield from (f"{kind.lower()}/{each[f'{kind}Name']}" for each in page[f"Policy{kind}s"])

    def _all(self, operation: str, key: str, given: Mapping[str, str]) -> list[Any]:
        """Every page; nothing where whom it is about is gone meanwhile."""
        name = next(iter(given.values()))
        with translated(f"asking IAM about {name}", operation=operation):
            pages = _found(lambda: list(self._client.get_paginator(operation).paginate(**given)))
        return [item for page in pages or [] for item in page[key]]

    @property
    def _client(self) -> Any:
        return self._clients.of("iam")


def _found(ask: Callable[[], Any]) -> Any:
    """The answer, None where there is no such thing."""
    try:
        return ask()
    except ClientError as error:
        if error_code(error) == GONE:
            return None
        raise


def _tags(described: Mapping[str, Any]) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}


def _document(value: object) -> object:
    """A policy document; botocore parses most of them, and IAM sends all of them quoted as in an address."""
    return json.loads(unquote(value)) if isinstance(value, str) else value
