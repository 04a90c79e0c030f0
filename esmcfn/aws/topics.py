"""Topics, and who hears of them, as SNS tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws.session import Clients, error_code, translated
from esmcfn.domain.drift import Reading
from esmcfn.errors import CloudError

_OF_TOPIC = ("DisplayName", "KmsMasterKeyId")
_OF_SUBSCRIPTION = ("Endpoint", "Protocol", "TopicArn")
_GONE = {"NotFound", "NotFoundException"}


class TopicReader:
    """Topics, their policies and subscriptions, in the words of CloudFormation's properties."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def topic(self, arn: str) -> Reading | None:
        """Its key, what it is called in mails, and everybody who hears of it, confirmed or not."""
        found = self._attributes(arn)
        if found is None:
            return None
        with translated(f"reading the tags of topic {arn}", operation="ListTagsForResource"):
            tags = self._client.list_tags_for_resource(ResourceArn=arn)["Tags"]
        properties = {name: found[name] for name in _OF_TOPIC if found.get(name)}
        with translated(f"asking who hears of topic {arn}", operation="ListSubscriptionsByTopic"):
            pages = list(self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn))
        heard = [_only(each, ("Protocol", "Endpoint")) for page in pages for each in page["Subscriptions"]]
        return Reading(
            properties={"TopicName": arn.rpartition(":")[2], "Subscriptions": heard, **properties},
            tags={tag["Key"]: tag["Value"] for tag in tags},
        )

    def policy(self, arn: str) -> Reading | None:
        """The policy that a topic has, whoever gave it that."""
        found = self._attributes(arn)
        if found is None:
            return None
        return Reading(properties={"PolicyDocument": found.get("Policy", ""), "Topics": [arn]})

    def subscription(self, arn: str) -> Reading | None:
        """Who hears of which topic, and how.

        Raises:
            CloudError: AWS refused, or the subscription has no ARN to ask with.
        """
        if not arn.startswith("arn:"):
            raise CloudError(f"a subscription whose id is {arn!r} cannot be asked about", code="ValidationError")
        found = self._found(
            f"asking SNS about subscription {arn}",
            "GetSubscriptionAttributes",
            lambda: self._client.get_subscription_attributes(SubscriptionArn=arn),
        )
        return None if found is None else Reading(properties={name: found.get(name) for name in _OF_SUBSCRIPTION})

    def _attributes(self, topic: str) -> Mapping[str, str] | None:
        return self._found(
            f"asking SNS about topic {topic}",
            "GetTopicAttributes",
            lambda: self._client.get_topic_attributes(TopicArn=topic),
        )

    @staticmethod
    def _found(doing: str, operation: str, ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, str] | None:
        with translated(doing, operation=operation):
            try:
                attributes: Mapping[str, str] = ask()["Attributes"]
            except ClientError as error:
                if error_code(error) in _GONE:
                    return None
                raise
        return attributes

    @property
    def _client(self) -> Any:
        return self._clients.of("sns")


def _only(found: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, object]:
    return {name: found[name] for name in names if name in found}
