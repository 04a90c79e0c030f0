"""Single resources as the services tell them, in the words of CloudFormation's properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws.access import AccessReader
from esmcfn.aws.budgets import BudgetReader
from esmcfn.aws.hosting import HostingReader
from esmcfn.aws.secrecy import SecrecyReader
from esmcfn.aws.session import Clients, error_message, translated
from esmcfn.aws.together import ALARM, SCALABLE_TARGET, Together
from esmcfn.aws.topics import TopicReader
from esmcfn.domain.drift import ListedEndpoint, Reading


class ServiceObservers:
    """The port Observers, by SageMaker, IAM and what scales, watches, tells and keeps secrets."""

    def __init__(self, clients: Clients, wanted: Mapping[str, Sequence[str]] | None = None) -> None:
        self._clients = clients
        access, topics = AccessReader(clients), TopicReader(clients)
        secrecy, budgets = SecrecyReader(clients), BudgetReader(clients)
        self._hosting = hosting = HostingReader(clients, Together(clients, wanted or {}))
        self._readers: Mapping[str, Callable[[str, str], Reading | None]] = {
            "AWS::SageMaker::EndpointConfig": lambda name, of: self._config(name),
            "AWS::SageMaker::Model": lambda name, of: self._model(name),
            "AWS::IAM::Role": lambda name, of: access.role(name),
            "AWS::IAM::User": lambda name, of: access.user(name),
            "AWS::IAM::ManagedPolicy": lambda name, of: access.policy(name),
            "AWS::IAM::AccessKey": access.key,
            "AWS::ApplicationAutoScaling::ScalingPolicy": lambda name, of: hosting.policy(name),
            "AWS::Budgets::Budget": budgets.budget,
            "AWS::KMS::Key": lambda name, of: secrecy.key(name),
            "AWS::SecretsManager::Secret": lambda name, of: secrecy.secret(of),
            "AWS::SNS::Subscription": lambda name, of: topics.subscription(name),
            "AWS::SNS::Topic": lambda name, of: topics.topic(of),
            "AWS::SNS::TopicPolicy": lambda name, of: topics.policy(of),
        }
        self._with_tags_or_not: Mapping[str, Callable[..., Reading | None]] = {
            SCALABLE_TARGET: hosting.target,
            ALARM: hosting.alarm,
            "AWS::Logs::LogGroup": hosting.log,
        }

    def together(self, wanted: Mapping[str, Sequence[str]]) -> ServiceObservers:
        return ServiceObservers(self._clients, wanted)

    def read(self, resource_type: str, name: str, *, of: str = "", tags: bool = True) -> Reading | None:
        if resource_type in self._with_tags_or_not:  # there are hundreds of them, and a call for the tags of each
            return self._with_tags_or_not[resource_type](name, tags=tags)
        return self._readers[resource_type](name, of)

    def scaled(self, endpoint: str, variants: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        return self._hosting.scaled(endpoint, variants)

    def tags(self, arn: str) -> Mapping[str, str]:
        with translated(f"reading the tags of {arn}", operation="ListTags"):
            pages = list(self._client.get_paginator("list_tags").paginate(ResourceArn=arn))
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

    def endpoints(self) -> tuple[ListedEndpoint, ...]:
        with translated("listing the account's endpoints", operation="ListEndpoints"):
            pages = list(self._client.get_paginator("list_endpoints").paginate())
        return tuple(
            ListedEndpoint(
                name=found["EndpointName"],
                arn=found["EndpointArn"],
                status=found["EndpointStatus"],
                created_at=found["CreationTime"].astimezone(UTC),
            )
            for page in pages
            for found in page["Endpoints"]
        )

    def _config(self, name: str) -> Reading | None:
        return self._described(
            f"asking SageMaker about endpoint configuration {name}",
            "DescribeEndpointConfig",
            lambda: self._client.describe_endpoint_config(EndpointConfigName=name),
        )

    def _model(self, name: str) -> Reading | None:
        return self._described(
            f"asking SageMaker about model {name}",
            "DescribeModel",
            lambda: self._client.describe_model(ModelName=name),
        )

    def _described(self, doing: str, operation: str, ask: Callable[[], Mapping[str, Any]]) -> Reading | None:
        with translated(doing, operation=operation):
            try:
                return Reading(properties=ask())
            except ClientError as error:
                if "Could not find" in error_message(error):
                    return None
                raise

    @property
    def _client(self) -> Any:
        return self._clients.of("sagemaker")
