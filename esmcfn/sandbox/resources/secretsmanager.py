"""AWS::SecretsManager::Secret."""

from __future__ import annotations

import json

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, without_none
from esmcfn.sandbox.state import Json


class Secret(Handler):
    """AWS::SecretsManager::Secret: the string comes from the template or is generated."""

    resource_type = "AWS::SecretsManager::Secret"
    supported = frozenset({"Description", "GenerateSecretString", "KmsKeyId", "Name", "SecretString", "Tags"})
    attributes = frozenset({"Id"})
    name_property = "Name"
    secret_properties = frozenset({"SecretString"})

    def create(self, request: Request) -> Outcome:
        given = request.properties
        name = given.get("Name") or request.name(255)
        try:
            made = self._create(request, name)
        except Refusal as refusal:
            if "scheduled for deletion" not in refusal.message:
                raise
            raise HandlerError(
                "InvalidRequest",
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ) from refusal
        return Outcome(physical_id=made, attributes={"Id": made})

    def _create(self, request: Request, name: str) -> str:
        given = request.properties
        made: str = request.call(
            "secretsmanager",
            "CreateSecret",
            Name=name,
            Description=given.get("Description"),
            KmsKeyId=given.get("KmsKeyId"),
            SecretString=_secret_string(request),
            Tags=request.merged_tags() or None,
        )["ARN"]
        return made

    def update(self, request: Request) -> Outcome:
        arn, given = request.physical_id, request.properties
        request.call("secretsmanager", "DescribeSecret", SecretId=arn)
        string = _secret_string(request) if request.changed("SecretString", "GenerateSecretString") else None
        if string is not None or request.changed("Description", "KmsKeyId"):
            request.call(
                "secretsmanager",
                "UpdateSecret",
                SecretId=arn,
                Description=given.get("Description", ""),
                KmsKeyId=given.get("KmsKeyId"),
                SecretString=string,
            )
        self._drop(request)
        added, removed = request.tag_changes()
        if added:
            request.call("secretsmanager", "TagResource", SecretId=arn, Tags=added)
        if removed:
            request.call("secretsmanager", "UntagResource", SecretId=arn, TagKeys=removed)
        return Outcome(physical_id=arn, attributes={"Id": arn})

    def _drop(self, request: Request) -> None:
        """Take away what an update drops: moto takes an empty text for none at all."""
        from moto.secretsmanager.models import secretsmanager_backends

        secret = secretsmanager_backends[ACCOUNT][request.region].secrets[request.physical_id]
        if request.changed("Description"):
            secret.description = request.properties.get("Description")
        if request.changed("KmsKeyId"):
            secret.kms_key_id = request.properties.get("KmsKeyId")

    def delete(self, request: Request) -> None:
        request.call("secretsmanager", "DescribeSecret", SecretId=request.physical_id)
        request.call("secretsmanager", "DeleteSecret", SecretId=request.physical_id, ForceDeleteWithoutRecovery=True)

    def read(self, request: Request) -> dict[str, Json]:
        live = request.call("secretsmanager", "DescribeSecret", SecretId=request.physical_id)
        if live.get("DeletedDate"):
            raise HandlerError("NotFound", "the secret is scheduled for deletion")
        return without_none(
            Name=live["Name"],
            Description=live.get("Description"),
            KmsKeyId=live.get("KmsKeyId"),
            Tags=live.get("Tags"),
        )

    def conflict(self, request: Request) -> str:
        name = str(request.properties.get("Name", ""))
        if not name:
            return ""
        try:
            request.call("secretsmanager", "DescribeSecret", SecretId=name)
        except Refusal:
            return ""
        return name

    def restore(self, request: Request) -> None:
        from moto.secretsmanager.models import secretsmanager_backends

        arn = request.physical_id
        name = request.properties.get("Name") or arn.rpartition(":")[2].rpartition("-")[0]
        self._create(request, name)
        secretsmanager_backends[ACCOUNT][request.region].secrets[name].arn = arn


def _secret_string(request: Request) -> str | None:
    given = request.properties
    if "SecretString" in given:
        return str(given["SecretString"])
    rules = given.get("GenerateSecretString")
    if rules is None:
        return None
    options = {
        name: rules[name]
        for name in (
            "PasswordLength",
            "ExcludeCharacters",
            "ExcludeNumbers",
            "ExcludePunctuation",
            "ExcludeUppercase",
            "ExcludeLowercase",
            "IncludeSpace",
            "RequireEachIncludedType",
        )
        if name in rules
    }
    password: str = request.call("secretsmanager", "GetRandomPassword", **options)["RandomPassword"]
    if "SecretStringTemplate" not in rules:
        return password
    return json.dumps({**json.loads(rules["SecretStringTemplate"]), rules["GenerateStringKey"]: password})


HANDLERS: tuple[Handler, ...] = (Secret(),)
