"""AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

import json

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, policy_text, without_none
from esmcfn.sandbox.state import Json


class Key(Handler):
    """AWS::KMS::Key: deleting it schedules its deletion."""

    resource_type = "AWS::KMS::Key"
    supported = frozenset(
        {
            "Description",
            "EnableKeyRotation",
            "Enabled",
            "KeyPolicy",
            "KeySpec",
            "KeyUsage",
            "PendingWindowInDays",
            "Tags",
        }
    )
    attributes = frozenset({"Arn", "KeyId"})

    def create(self, request: Request) -> Outcome:
        given = request.properties
        tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in request.merged_tags()]
        made = request.call(
            "kms",
            "CreateKey",
            Policy=policy_text(given["KeyPolicy"]) if "KeyPolicy" in given else None,
            Description=given.get("Description"),
            KeySpec=given.get("KeySpec"),
            KeyUsage=given.get("KeyUsage"),
            Tags=tags or None,
        )["KeyMetadata"]
        self._switches(request, made["KeyId"])
        return Outcome(physical_id=made["KeyId"], attributes={"Arn": made["Arn"], "KeyId": made["KeyId"]})

    def update(self, request: Request) -> Outcome:
        live, key = self._live(request), request.physical_id
        if request.changed("KeyPolicy") and "KeyPolicy" in request.properties:
            text = policy_text(request.properties["KeyPolicy"])
            request.call("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=text)
        if request.changed("Description"):
            text = request.properties.get("Description", "")
            request.call("kms", "UpdateKeyDescription", KeyId=key, Description=text)
        for name, default in (("KeySpec", "SYMMETRIC_DEFAULT"), ("KeyUsage", "ENCRYPT_DECRYPT")):
            if request.properties.get(name, default) != request.previous.get(name, default):
                raise HandlerError("InvalidRequest", f"{name} of a key cannot be changed.")
        self._switches(request, key)
        added, removed = request.tag_changes()
        if added:
            tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in added]
            request.call("kms", "TagResource", KeyId=key, Tags=tags)
        if removed:
            request.call("kms", "UntagResource", KeyId=key, TagKeys=removed)
        return Outcome(physical_id=key, attributes={"Arn": live["Arn"], "KeyId": key})

    def delete(self, request: Request) -> None:
        self._live(request)
        days = int(request.properties.get("PendingWindowInDays", 30))
        request.call("kms", "ScheduleKeyDeletion", KeyId=request.physical_id, PendingWindowInDays=days)

    def read(self, request: Request) -> dict[str, Json]:
        live, key = self._live(request), request.physical_id
        policy = request.call("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"]
        tags = request.call("kms", "ListResourceTags", KeyId=key).get("Tags", [])
        found = without_none(
            KeyPolicy=json.loads(policy),
            Description=live.get("Description"),
            KeySpec=live.get("KeySpec"),
            KeyUsage=live.get("KeyUsage"),
            Tags=[{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in tags],
        )
        rotation = request.call("kms", "GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"]
        return {**found, "Enabled": live["Enabled"], "EnableKeyRotation": rotation}

    def existing(self, request: Request) -> Outcome:
        live = self._live(request)
        return Outcome(physical_id=live["KeyId"], attributes={"Arn": live["Arn"], "KeyId": live["KeyId"]})

    def restore(self, request: Request) -> None:
        from moto.kms.models import kms_backends

        made = self.create(request).physical_id
        backend = kms_backends[ACCOUNT][request.region]
        key = backend.keys.pop(made)
        tags = backend.tagger.get_tag_dict_for_resource(made)
        key.id, key.arn = request.physical_id, request.attributes["Arn"]
        backend.keys[key.id] = key
        backend.tag_resource(key.id, tags)

    def _switches(self, request: Request, key: str) -> None:
        if request.changed("EnableKeyRotation"):
            on = request.properties.get("EnableKeyRotation", False)
            request.call("kms", "EnableKeyRotation" if on else "DisableKeyRotation", KeyId=key)
        if request.changed("Enabled"):
            on = request.properties.get("Enabled", True)
            request.call("kms", "EnableKey" if on else "DisableKey", KeyId=key)

    def _live(self, request: Request) -> Json:
        live = request.call("kms", "DescribeKey", KeyId=request.physical_id)["KeyMetadata"]
        if live["KeyState"] == "PendingDeletion":
            raise HandlerError("NotFound", f"{live['Arn']} is pending deletion.")
        return live


class Alias(Handler):
    """AWS::KMS::Alias."""

    resource_type = "AWS::KMS::Alias"
    supported = frozenset({"AliasName", "TargetKeyId"})
    name_property = "AliasName"

    def create(self, request: Request) -> Outcome:
        name = request.properties["AliasName"]
        request.call("kms", "CreateAlias", AliasName=name, TargetKeyId=request.properties["TargetKeyId"])
        return Outcome(physical_id=name)

    def update(self, request: Request) -> Outcome:
        self.read(request)
        target = request.properties["TargetKeyId"]
        request.call("kms", "UpdateAlias", AliasName=request.physical_id, TargetKeyId=target)
        return Outcome(physical_id=request.physical_id)

    def delete(self, request: Request) -> None:
        self.read(request)
        request.call("kms", "DeleteAlias", AliasName=request.physical_id)

    def read(self, request: Request) -> dict[str, Json]:
        for found in request.call("kms", "ListAliases")["Aliases"]:
            if found["AliasName"] == request.physical_id and found.get("TargetKeyId"):
                declared, target = str(request.properties.get("TargetKeyId", "")), found["TargetKeyId"]
                shown = declared if declared.endswith(target) else target
                return {"AliasName": found["AliasName"], "TargetKeyId": shown}
        raise HandlerError("NotFound", f"Alias {request.physical_id} is not found.")

    def conflict(self, request: Request) -> str:
        name = str(request.properties.get("AliasName", ""))
        names = [found["AliasName"] for found in request.call("kms", "ListAliases")["Aliases"]]
        return name if name in names else ""


HANDLERS: tuple[Handler, ...] = (Key(), Alias())
