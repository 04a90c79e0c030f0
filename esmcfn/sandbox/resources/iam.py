"""AWS::IAM::Role and User."""

from __future__ import annotations

import json
from functools import cache
from typing import ClassVar
from urllib.parse import unquote

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, policy_text, without_none
from esmcfn.sandbox.state import Json


def know_policy_of_aws(arn: str) -> None:
    """Add one of AWS's own managed policies to moto, which loads all thousand of them or none."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy, iam_backends

    backend = iam_backends[ACCOUNT]["aws"]
    if not arn.startswith("arn:aws:iam::aws:policy/") or arn in backend.managed_policies:
        return
    name = arn.rpartition("/")[2]
    data = _policies_of_aws(aws_managed_policies_data).get(name)
    if data is not None:
        policy = AWSManagedPolicy.from_data(name, ACCOUNT, backend.region_name, data)
        backend.managed_policies[policy.arn] = policy


@cache
def _policies_of_aws(text: str) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(text)
    return found


class _Principal(Handler):
    """What roles and users have in common: attached policies, inline policies, a boundary, tags."""

    kind: ClassVar[str]

    def _call(self, request: Request, operation: str, name: str, **parameters: Json) -> Json:
        given = {f"{self.kind}Name": name, **parameters}
        return request.call("iam", operation.format(self.kind), **given)

    def _update_policies(self, request: Request, name: str) -> None:
        new = list(request.properties.get("ManagedPolicyArns", ()))
        old = list(request.previous.get("ManagedPolicyArns", ()))
        for arn in [arn for arn in new if arn not in old]:
            know_policy_of_aws(arn)
            self._call(request, "Attach{}Policy", name, PolicyArn=arn)
        for arn in [arn for arn in old if arn not in new]:
            self._forgiving(request, "Detach{}Policy", name, PolicyArn=arn)
        wanted = {item["PolicyName"]: item["PolicyDocument"] for item in request.properties.get("Policies", ())}
        before = {item["PolicyName"]: item["PolicyDocument"] for item in request.previous.get("Policies", ())}
        for policy, document in wanted.items():
            if before.get(policy) != document:
                text = policy_text(document)
                self._call(request, "Put{}Policy", name, PolicyName=policy, PolicyDocument=text)
        for policy in before.keys() - wanted.keys():
            self._forgiving(request, "Delete{}Policy", name, PolicyName=policy)

    def _update_boundary(self, request: Request, name: str) -> None:
        if not request.changed("PermissionsBoundary"):
            return
        boundary = request.properties.get("PermissionsBoundary")
        if boundary:
            know_policy_of_aws(boundary)
            self._call(request, "Put{}PermissionsBoundary", name, PermissionsBoundary=boundary)
        else:
            self._call(request, "Delete{}PermissionsBoundary", name)

    def _update_tags(self, request: Request, name: str) -> None:
        added, removed = request.tag_changes()
        if added:
            self._call(request, "Tag{}", name, Tags=added)
        if removed:
            self._call(request, "Untag{}", name, TagKeys=removed)

    def _forgiving(self, request: Request, operation: str, name: str, **parameters: Json) -> None:
        try:
            self._call(request, operation, name, **parameters)
        except Refusal as refusal:
            if "NoSuchEntity" not in refusal.code and "not found" not in refusal.message:
                raise

    def _detach_all(self, request: Request, name: str) -> None:
        for arn in self._attached(request, name):
            if arn in request.properties.get("ManagedPolicyArns", ()):
                self._call(request, "Detach{}Policy", name, PolicyArn=arn)
        for policy in self._inline(request, name):
            self._call(request, "Delete{}Policy", name, PolicyName=policy)

    def _attached(self, request: Request, name: str) -> list[str]:
        found = self._call(request, "ListAttached{}Policies", name)["AttachedPolicies"]
        return [item["PolicyArn"] for item in found]

    def _inline(self, request: Request, name: str) -> list[str]:
        found: list[str] = self._call(request, "List{}Policies", name)["PolicyNames"]
        return found

    def _read_policies(self, request: Request, name: str) -> dict[str, Json]:
        inline = []
        for policy in self._inline(request, name):
            document = self._call(request, "Get{}Policy", name, PolicyName=policy)["PolicyDocument"]
            inline.append({"PolicyName": policy, "PolicyDocument": policy_document(document)})
        by_policy = self._attached(request, name)
        mine = [arn for arn in by_policy if not self._attached_from_elsewhere(request, arn)]
        return without_none(ManagedPolicyArns=mine, Policies=inline)

    def _attached_from_elsewhere(self, request: Request, arn: str) -> bool:
        """A customer policy that names its roles and users itself is not this resource's drift."""
        owners = request.stacks.of_type("AWS::IAM::ManagedPolicy")
        members = "Roles" if self.kind == "Role" else "Users"
        return any(
            owner.physical_id == arn and request.physical_id in owner.properties.get(members, ()) for owner in owners
        )


def policy_document(value: Json) -> Json:
    """Return a policy document; IAM percent-encodes it on the wire."""
    return json.loads(unquote(value)) if isinstance(value, str) else value


class Role(_Principal):
    """AWS::IAM::Role."""

    resource_type = "AWS::IAM::Role"
    supported = frozenset(
        {
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        }
    )
    attributes = frozenset({"Arn", "RoleId"})
    name_property = "RoleName"
    kind = "Role"

    def create(self, request: Request) -> Outcome:
        given = request.properties
        name = request.physical_id or given.get("RoleName") or request.name(64)
        know_policy_of_aws(given.get("PermissionsBoundary", ""))
        made = self._call(
            request,
            "Create{}",
            name,
            AssumeRolePolicyDocument=policy_text(given["AssumeRolePolicyDocument"]),
            Path=given.get("Path", "/"),
            Description=given.get("Description"),
            MaxSessionDuration=given.get("MaxSessionDuration"),
            PermissionsBoundary=given.get("PermissionsBoundary"),
            Tags=request.merged_tags() or None,
        )["Role"]
        try:
            self._update_policies(request, name)
        except Refusal:
            self._detach_all(request, name)
            self._call(request, "Delete{}", name)
            raise
        return Outcome(physical_id=name, attributes={"Arn": made["Arn"], "RoleId": made["RoleId"]})

    def update(self, request: Request) -> Outcome:
        given, name = request.properties, request.physical_id
        made = self._call(request, "Get{}", name)["Role"]
        if request.changed("AssumeRolePolicyDocument"):
            text = policy_text(given["AssumeRolePolicyDocument"])
            request.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=text)
        if request.changed("Description", "MaxSessionDuration"):
            self._call(
                request,
                "Update{}",
                name,
                Description=given.get("Description", ""),
                MaxSessionDuration=given.get("MaxSessionDuration", 3600),
            )
        self._update_boundary(request, name)
        self._update_policies(request, name)
        self._update_tags(request, name)
        return Outcome(physical_id=name, attributes={"Arn": made["Arn"], "RoleId": made["RoleId"]})

    def delete(self, request: Request) -> None:
        self._call(request, "Get{}", request.physical_id)
        self._detach_all(request, request.physical_id)
        self._call(request, "Delete{}", request.physical_id)

    def read(self, request: Request) -> dict[str, Json]:
        live = self._call(request, "Get{}", request.physical_id)["Role"]
        return without_none(
            RoleName=live["RoleName"],
            Path=live["Path"],
            Description=live.get("Description"),
            MaxSessionDuration=live.get("MaxSessionDuration"),
            AssumeRolePolicyDocument=policy_document(live["AssumeRolePolicyDocument"]),
            PermissionsBoundary=live.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            Tags=live.get("Tags"),
            **self._read_policies(request, request.physical_id),
        )

    def existing(self, request: Request) -> Outcome:
        live = self._call(request, "Get{}", request.physical_id)["Role"]
        return Outcome(physical_id=live["RoleName"], attributes={"Arn": live["Arn"], "RoleId": live["RoleId"]})

    def conflict(self, request: Request) -> str:
        return _existing(request, "GetRole", "RoleName")

    def restore(self, request: Request) -> None:
        self.create(request)
        from moto.iam.models import iam_backends

        backend = iam_backends[ACCOUNT]["aws"]
        role = backend.roles.pop(backend.get_role(request.physical_id).id)
        role.id = request.attributes["RoleId"]
        backend.roles[role.id] = role


def _existing(request: Request, operation: str, name_property: str) -> str:
    name = str(request.properties.get(name_property, ""))
    if not name:
        return ""
    try:
        request.call("iam", operation, **{name_property: name})
    except Refusal:
        return ""
    return name


class User(_Principal):
    """AWS::IAM::User."""

    resource_type = "AWS::IAM::User"
    supported = frozenset({"ManagedPolicyArns", "Path", "Policies", "Tags", "UserName"})
    attributes = frozenset({"Arn"})
    name_property = "UserName"
    kind = "User"

    def create(self, request: Request) -> Outcome:
        given = request.properties
        name = request.physical_id or given.get("UserName") or request.name(64)
        made = self._call(request, "Create{}", name, Path=given.get("Path", "/"), Tags=request.merged_tags() or None)
        self._update_policies(request, name)
        return Outcome(physical_id=name, attributes={"Arn": made["User"]["Arn"]})

    def update(self, request: Request) -> Outcome:
        name = request.physical_id
        self._call(request, "Get{}", name)
        if request.changed("Path"):
            self._call(request, "Update{}", name, NewPath=request.properties.get("Path", "/"))
        made = self._call(request, "Get{}", name)["User"]
        self._update_policies(request, name)
        self._update_tags(request, name)
        return Outcome(physical_id=name, attributes={"Arn": made["Arn"]})

    def delete(self, request: Request) -> None:
        self._call(request, "Get{}", request.physical_id)
        if self._call(request, "ListAccessKeys", request.physical_id)["AccessKeyMetadata"]:
            raise HandlerError("GeneralServiceException", "Cannot delete entity, must delete access keys first.")
        self._detach_all(request, request.physical_id)
        self._call(request, "Delete{}", request.physical_id)

    def read(self, request: Request) -> dict[str, Json]:
        live = self._call(request, "Get{}", request.physical_id)["User"]
        return without_none(
            UserName=live["UserName"],
            Path=live["Path"],
            Tags=live.get("Tags"),
            **self._read_policies(request, request.physical_id),
        )

    def conflict(self, request: Request) -> str:
        return _existing(request, "GetUser", "UserName")

    def existing(self, request: Request) -> Outcome:
        live = self._call(request, "Get{}", request.physical_id)["User"]
        return Outcome(physical_id=live["UserName"], attributes={"Arn": live["Arn"]})


HANDLERS: tuple[Handler, ...] = (Role(), User())
