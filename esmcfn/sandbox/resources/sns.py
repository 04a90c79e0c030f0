"""AWS::SNS::Topic, AWS::SNS::Subscription, AWS::SNS::TopicPolicy."""

from __future__ import annotations

import json
from typing import ClassVar

from esmcfn.sandbox.actions import fits, known_operations
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, policy_text, without_none
from esmcfn.sandbox.state import Json

TOPIC_ATTRIBUTES = (
    "DisplayName",
    "KmsMasterKeyId",
    "ContentBasedDeduplication",
)
"""Properties of a topic that are topic attributes of the same name."""


class Topic(Handler):
    """AWS::SNS::Topic."""

    resource_type = "AWS::SNS::Topic"
    supported = frozenset(
        {
            "ContentBasedDeduplication",
            "DisplayName",
            "FifoTopic",
            "KmsMasterKeyId",
            "Subscription",
            "Tags",
            "TopicName",
        }
    )
    attributes = frozenset({"TopicArn", "TopicName"})
    name_property = "TopicName"

    def create(self, request: Request) -> Outcome:
        given = request.attributes.get("TopicName") or request.properties.get("TopicName")
        name = given or request.name(200)
        if request.properties.get("FifoTopic") and not name.endswith(".fifo"):
            name = f"{name}.fifo"
        arn = f"arn:aws:sns:{request.region}:123456789012:{name}"
        if given and not request.physical_id and _topic_exists(request, arn):
            raise HandlerError("AlreadyExists", f"Topic already exists: {name}")
        attributes = self._topic_attributes(request)
        if request.properties.get("FifoTopic"):
            attributes["FifoTopic"] = "true"
        tags = request.merged_tags() or None
        made = request.call("sns", "CreateTopic", Name=name, Attributes=attributes, Tags=tags)["TopicArn"]
        for subscription in request.properties.get("Subscription", ()):
            request.call("sns", "Subscribe", TopicArn=made, **subscription)
        return Outcome(physical_id=made, attributes={"TopicArn": made, "TopicName": name})

    def update(self, request: Request) -> Outcome:
        arn = request.physical_id
        request.call("sns", "GetTopicAttributes", TopicArn=arn)
        wanted, before = self._topic_attributes(request), self._topic_attributes(request.as_before())
        for name in sorted({*wanted, *before}):
            if wanted.get(name) != before.get(name):
                value = wanted.get(name, "")
                request.call("sns", "SetTopicAttributes", TopicArn=arn, AttributeName=name, AttributeValue=value)
        self._update_subscriptions(request)
        added, removed = request.tag_changes()
        if added:
            request.call("sns", "TagResource", ResourceArn=arn, Tags=added)
        if removed:
            request.call("sns", "UntagResource", ResourceArn=arn, TagKeys=removed)
        return Outcome(physical_id=arn, attributes={"TopicArn": arn, "TopicName": arn.rpartition(":")[2]})

    def delete(self, request: Request) -> None:
        request.call("sns", "GetTopicAttributes", TopicArn=request.physical_id)
        request.call("sns", "DeleteTopic", TopicArn=request.physical_id)

    def read(self, request: Request) -> dict[str, Json]:
        arn = request.physical_id
        live = request.call("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"]
        tags = request.call("sns", "ListTagsForResource", ResourceArn=arn).get("Tags", [])
        subscriptions = _subscriptions(request, arn)
        inline = [
            {"Endpoint": found["Endpoint"], "Protocol": found["Protocol"]}
            for found in subscriptions
            if "Subscription" in request.properties
        ]
        found = {name: live[name] for name in TOPIC_ATTRIBUTES if live.get(name)}
        if "ContentBasedDeduplication" in found:
            found["ContentBasedDeduplication"] = live["ContentBasedDeduplication"] == "true"
        return {
            **found,
            **without_none(TopicName=arn.rpartition(":")[2], Tags=tags, Subscription=inline),
            **({"FifoTopic": True} if live.get("FifoTopic") == "true" else {}),
        }

    def existing(self, request: Request) -> Outcome:
        arn = request.physical_id
        return Outcome(physical_id=arn, attributes={"TopicArn": arn, "TopicName": arn.rpartition(":")[2]})

    def conflict(self, request: Request) -> str:
        name = request.properties.get("TopicName", "")
        arn = f"arn:aws:sns:{request.region}:123456789012:{name}"
        return name if name and _topic_exists(request, arn) else ""

    def _topic_attributes(self, request: Request) -> dict[str, str]:
        given = {name: request.properties[name] for name in TOPIC_ATTRIBUTES if name in request.properties}
        return {name: str(v).lower() if isinstance(v, bool) else str(v) for name, v in given.items()}

    def _update_subscriptions(self, request: Request) -> None:
        if not request.changed("Subscription"):
            return
        new = request.properties.get("Subscription", [])
        for old in _subscriptions(request, request.physical_id):
            if {"Endpoint": old["Endpoint"], "Protocol": old["Protocol"]} not in new:
                request.call("sns", "Unsubscribe", SubscriptionArn=old["SubscriptionArn"])
        before = request.previous.get("Subscription", [])
        for item in new:
            if item not in before:
                request.call("sns", "Subscribe", TopicArn=request.physical_id, **item)


def _topic_exists(request: Request, arn: str) -> bool:
    try:
        request.call("sns", "GetTopicAttributes", TopicArn=arn)
    except Refusal:
        return False
    return True


def _subscriptions(request: Request, arn: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = request.call("sns", "ListSubscriptionsByTopic", TopicArn=arn)["Subscriptions"]
    return found


class Subscription(Handler):
    """AWS::SNS::Subscription."""

    resource_type = "AWS::SNS::Subscription"
    supported = frozenset(
        {
            "DeliveryPolicy",
            "Endpoint",
            "FilterPolicy",
            "FilterPolicyScope",
            "Protocol",
            "RawMessageDelivery",
            "RedrivePolicy",
            "TopicArn",
        }
    )
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn"})
    settings: ClassVar[dict[str, Json]] = {
        "FilterPolicyScope": "MessageAttributes",
        "FilterPolicy": {},
        "RawMessageDelivery": False,
        "RedrivePolicy": {},
        "DeliveryPolicy": {},
    }
    """What can be set, and what it is set to when a template drops it."""

    def create(self, request: Request) -> Outcome:
        given = request.properties
        request.call("sns", "GetTopicAttributes", TopicArn=given["TopicArn"])
        made = request.call(
            "sns",
            "Subscribe",
            TopicArn=given["TopicArn"],
            Protocol=given["Protocol"],
            Endpoint=given.get("Endpoint"),
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        self._set(request, made)
        return Outcome(physical_id=made, attributes={"Arn": made})

    def update(self, request: Request) -> Outcome:
        self._set(request, request.physical_id)
        return Outcome(physical_id=request.physical_id, attributes={"Arn": request.physical_id})

    def delete(self, request: Request) -> None:
        request.call("sns", "GetSubscriptionAttributes", SubscriptionArn=request.physical_id)
        request.call("sns", "Unsubscribe", SubscriptionArn=request.physical_id)

    def read(self, request: Request) -> dict[str, Json]:
        live = request.call("sns", "GetSubscriptionAttributes", SubscriptionArn=request.physical_id)["Attributes"]
        found = {name: live[name] for name in ("TopicArn", "Endpoint", "Protocol") if name in live}
        for name in self.settings:
            if name in request.properties and live.get(name, "{}") != "{}":
                found[name] = _json_or_text(live[name])
        return found

    def restore(self, request: Request) -> None:
        made = self.create(request).physical_id
        from moto.sns.models import sns_backends

        backend = sns_backends["123456789012"][request.region]
        subscription = backend.subscriptions.pop(made)
        subscription.arn = request.physical_id
        backend.subscriptions[request.physical_id] = subscription

    def _set(self, request: Request, arn: str) -> None:
        for name, default in self.settings.items():
            if request.changed(name):
                value = request.properties.get(name, default)
                text = json.dumps(value) if not isinstance(value, str) else value
                request.call(
                    "sns",
                    "SetSubscriptionAttributes",
                    SubscriptionArn=arn,
                    AttributeName=name,
                    AttributeValue=text,
                )


def _json_or_text(value: str) -> Json:
    if value in ("true", "false"):
        return value == "true"
    return json.loads(value) if value.startswith("{") else value


class TopicPolicy(Handler):
    """AWS::SNS::TopicPolicy: no read handler in the registry, so drift is never checked."""

    resource_type = "AWS::SNS::TopicPolicy"
    supported = frozenset({"PolicyDocument", "Topics"})
    attributes = frozenset({"Id"})

    def create(self, request: Request) -> Outcome:
        self._set(request, request.properties["Topics"], policy_text(request.properties["PolicyDocument"]))
        made = request.physical_id or request.name(120)
        return Outcome(physical_id=made, attributes={"Id": made})

    def update(self, request: Request) -> Outcome:
        gone = set(request.previous["Topics"]) - set(request.properties["Topics"])
        self._clear(request, sorted(gone))
        self._set(request, request.properties["Topics"], policy_text(request.properties["PolicyDocument"]))
        return Outcome(physical_id=request.physical_id, attributes={"Id": request.physical_id})

    def delete(self, request: Request) -> None:
        self._clear(request, request.properties["Topics"])

    def _set(self, request: Request, topics: Json, text: str) -> None:
        _refuse_actions(text)
        for arn in topics:
            request.call("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=text)

    def _clear(self, request: Request, topics: Json) -> None:
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes"],
            "Condition": {"StringEquals": {"AWS:SourceOwner": "123456789012"}},
        }
        for arn in topics:
            policy = {"Version": "2008-10-17", "Statement": [{**statement, "Resource": arn}]}
            self._set(request, [arn], json.dumps(policy))


def _refuse_actions(text: str) -> None:
    """Refuse a policy with an action that a topic does not have, as SNS does; text that is no policy is moto's."""
    try:
        statements = json.loads(text)["Statement"]
    except (ValueError, LookupError, TypeError):
        return
    known = {f"sns:{name}".lower() for name in (*known_operations("sns"), "Receive")}
    for statement in statements if isinstance(statements, list) else [statements]:
        asked = statement.get("Action", [])
        for action in [asked] if isinstance(asked, str) else asked:
            if not any(fits(action.lower(), name) for name in known):
                raise Refusal("InvalidParameter", "Invalid parameter: Policy statement action out of service scope!")


HANDLERS: tuple[Handler, ...] = (Topic(), Subscription(), TopicPolicy())
