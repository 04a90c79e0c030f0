"""AWS::IAM::ManagedPolicy, AccessKey and OIDCProvider."""

from __future__ import annotations

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, policy_text, without_none
from esmcfn.sandbox.resources.iam import policy_document
from esmcfn.sandbox.state import Json


class ManagedPolicy(Handler):
    """AWS::IAM::ManagedPolicy: a customer managed policy and the roles and users it is attached to."""

    resource_type = "AWS::IAM::ManagedPolicy"
    supported = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users"})
    attributes = frozenset({"PolicyArn"})
    name_property = "ManagedPolicyName"
    members = (("Roles", "Role"), ("Users", "User"))

    def create(self, request: Request) -> Outcome:
        given = request.properties
        named = request.physical_id.rpartition("/")[2] or given.get("ManagedPolicyName")
        arn = request.call(
            "iam",
            "CreatePolicy",
            PolicyName=named or request.name(128),
            Path=given.get("Path", "/"),
            Description=given.get("Description"),
            PolicyDocument=policy_text(given["PolicyDocument"]),
        )["Policy"]["Arn"]
        try:
            self._attach(request, arn)
        except Refusal:
            self._detach(request, arn)
            request.call("iam", "DeletePolicy", PolicyArn=arn)
            raise
        return Outcome(physical_id=arn, attributes={"PolicyArn": arn})

    def update(self, request: Request) -> Outcome:
        arn = request.physical_id
        if request.changed("PolicyDocument"):
            text = policy_text(request.properties["PolicyDocument"])
            request.call("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
            for version in request.call("iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    request.call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])
        self._attach(request, arn)
        for members, kind in self.members:
            for name in set(request.previous.get(members, ())) - set(request.properties.get(members, ())):
                request.call("iam", f"Detach{kind}Policy", PolicyArn=arn, **{f"{kind}Name": name})
        return Outcome(physical_id=arn, attributes={"PolicyArn": arn})

    def delete(self, request: Request) -> None:
        arn = request.physical_id
        request.call("iam", "GetPolicy", PolicyArn=arn)
        self._detach(request, arn)
        for version in request.call("iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                request.call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])
        request.call("iam", "DeletePolicy", PolicyArn=arn)

    def read(self, request: Request) -> dict[str, Json]:
        arn = request.physical_id
        live = request.call("iam", "GetPolicy", PolicyArn=arn)["Policy"]
        version = request.call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=live["DefaultVersionId"])[
            "PolicyVersion"
        ]
        members = request.call("iam", "ListEntitiesForPolicy", PolicyArn=arn)
        return without_none(
            ManagedPolicyName=live["PolicyName"],
            Path=live["Path"],
            Description=live.get("Description"),
            PolicyDocument=policy_document(version["Document"]),
            Roles=[item["RoleName"] for item in members["PolicyRoles"]],
            Users=[item["UserName"] for item in members["PolicyUsers"]],
        )

    def conflict(self, request: Request) -> str:
        name = request.properties.get("ManagedPolicyName", "")
        arn = f"arn:aws:iam::{ACCOUNT}:policy{request.properties.get('Path', '/')}{name}"
        try:
            request.call("iam", "GetPolicy", PolicyArn=arn)
        except Refusal:
            return ""
        return str(name)

    def _attach(self, request: Request, arn: str) -> None:
        for members, kind in self.members:
            for name in request.properties.get(members, ()):
                request.call("iam", f"Attach{kind}Policy", PolicyArn=arn, **{f"{kind}Name": name})

    def _detach(self, request: Request, arn: str) -> None:
        attached = request.call("iam", "ListEntitiesForPolicy", PolicyArn=arn)
        for item in attached["PolicyRoles"]:
            request.call("iam", "DetachRolePolicy", PolicyArn=arn, RoleName=item["RoleName"])
        for item in attached["PolicyUsers"]:
            request.call("iam", "DetachUserPolicy", PolicyArn=arn, UserName=item["UserName"])


class AccessKey(Handler):
    """AWS::IAM::AccessKey: two a user at most; the secret goes to other resources and nowhere else."""

    resource_type = "AWS::IAM::AccessKey"
    supported = frozenset({"Serial", "Status", "UserName"})
    attributes = frozenset({"SecretAccessKey"})
    secret_attributes = frozenset({"SecretAccessKey"})

    def create(self, request: Request) -> Outcome:
        user = request.properties["UserName"]
        if len(request.call("iam", "ListAccessKeys", UserName=user)["AccessKeyMetadata"]) >= 2:
            raise HandlerError("ServiceLimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
        made = request.call("iam", "CreateAccessKey", UserName=user)["AccessKey"]
        self._set_status(request, made["AccessKeyId"])
        return Outcome(physical_id=made["AccessKeyId"], attributes={"SecretAccessKey": made["SecretAccessKey"]})

    def update(self, request: Request) -> Outcome:
        self._set_status(request, request.physical_id)
        return Outcome(physical_id=request.physical_id, attributes=request.attributes)

    def delete(self, request: Request) -> None:
        user = request.properties["UserName"]
        keys = request.call("iam", "ListAccessKeys", UserName=user)["AccessKeyMetadata"]
        if request.physical_id not in [key["AccessKeyId"] for key in keys]:
            raise HandlerError("NotFound", f"The Access Key with id {request.physical_id} cannot be found.")
        request.call("iam", "DeleteAccessKey", UserName=user, AccessKeyId=request.physical_id)

    def restore(self, request: Request) -> None:
        from moto.iam.models import iam_backends

        made = self.create(request).physical_id
        backend = iam_backends[ACCOUNT]["aws"]
        key = next(k for k in backend.list_access_keys(request.properties["UserName"]) if k.access_key_id == made)
        backend.access_keys[request.physical_id] = backend.access_keys.pop(made, key)
        key.access_key_id = request.physical_id
        key.secret_access_key = request.attributes["SecretAccessKey"]

    def _set_status(self, request: Request, key_id: str) -> None:
        status = request.properties.get("Status", "Active")
        user = request.properties["UserName"]
        request.call("iam", "UpdateAccessKey", UserName=user, AccessKeyId=key_id, Status=status)


class OidcProvider(Handler):
    """AWS::IAM::OIDCProvider: one a URL and account."""

    resource_type = "AWS::IAM::OIDCProvider"
    supported = frozenset({"ClientIdList", "Tags", "ThumbprintList", "Url"})
    attributes = frozenset({"Arn"})

    def create(self, request: Request) -> Outcome:
        given = request.properties
        made = request.call(
            "iam",
            "CreateOpenIDConnectProvider",
            Url=given.get("Url"),
            ClientIDList=given.get("ClientIdList"),
            ThumbprintList=given.get("ThumbprintList"),
            Tags=request.merged_tags() or None,
        )["OpenIDConnectProviderArn"]
        return Outcome(physical_id=made, attributes={"Arn": made})

    def update(self, request: Request) -> Outcome:
        arn = request.physical_id
        new, old = (
            set(request.properties.get("ClientIdList", ())),
            set(request.previous.get("ClientIdList", ())),
        )
        if new != old:
            from moto.iam.models import iam_backends  # moto lacks AddClientIDToOpenIDConnectProvider

            provider = iam_backends[ACCOUNT]["aws"].open_id_providers[arn]
            provider.client_id_list = list(request.properties.get("ClientIdList", ()))
        if request.changed("ThumbprintList"):
            thumbprints = request.properties.get("ThumbprintList", [])
            request.call(
                "iam",
                "UpdateOpenIDConnectProviderThumbprint",
                OpenIDConnectProviderArn=arn,
                ThumbprintList=thumbprints,
            )
        added, removed = request.tag_changes()
        if added:
            request.call("iam", "TagOpenIDConnectProvider", OpenIDConnectProviderArn=arn, Tags=added)
        if removed:
            request.call("iam", "UntagOpenIDConnectProvider", OpenIDConnectProviderArn=arn, TagKeys=removed)
        return Outcome(physical_id=arn, attributes={"Arn": arn})

    def delete(self, request: Request) -> None:
        self._live(request)
        request.call("iam", "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=request.physical_id)

    def read(self, request: Request) -> dict[str, Json]:
        live = self._live(request)
        return without_none(
            Url=f"https://{live['Url'].removeprefix('https://')}",
            ClientIdList=live.get("ClientIDList"),
            ThumbprintList=live.get("ThumbprintList"),
            Tags=live.get("Tags"),
        )

    def conflict(self, request: Request) -> str:
        url = str(request.properties.get("Url", "")).removeprefix("https://")
        arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url}"
        known = request.call("iam", "ListOpenIDConnectProviders")["OpenIDConnectProviderList"]
        return url if arn in [item["Arn"] for item in known] else ""

    def _live(self, request: Request) -> Json:
        return request.call("iam", "GetOpenIDConnectProvider", OpenIDConnectProviderArn=request.physical_id)


HANDLERS: tuple[Handler, ...] = (ManagedPolicy(), AccessKey(), OidcProvider())
