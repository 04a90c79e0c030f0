"""What `doctor` asks besides: who we are in full, what IAM would allow, what Marketplace knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from esmcfn.aws.session import Clients, translated
from esmcfn.domain.examination import Asked, Package
from esmcfn.errors import CloudError

_ASSUMED = re.compile(r"arn:[a-z-]+:sts::[0-9]{12}:assumed-role/([^/]+)/.+")
_USER = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:user/.+")
_ROOT = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:root")


class AccountExaminer:
    """The port Examiner, by STS, IAM, SageMaker and Marketplace."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def caller(self) -> str:
        with translated("asking who the credentials belong to", operation="GetCallerIdentity"):
            return str(self._clients.of("sts").get_caller_identity()["Arn"])

    def denied(self, asked: Sequence[Asked]) -> frozenset[str]:
        caller = self.caller()
        if _ROOT.fullmatch(caller):
            return frozenset()
        principal = self._principal(caller)
        found: set[str] = set()
        for each in asked:
            found.update(self._denied(principal, each))
        return frozenset(found)

    def package(self, arn: str) -> Package:
        with translated(f"asking SageMaker about {arn}", operation="DescribeModelPackage"):
            described = self._clients.of("sagemaker").describe_model_package(ModelPackageName=arn)
        specification = described.get("InferenceSpecification", {})
        return Package(instance_types=tuple(specification.get("SupportedRealtimeInferenceInstanceTypes", ())))

    def subscribed(self, product_id: str) -> bool:
        """By AWS Marketplace's agreements: https://docs.aws.amazon.com/marketplace/latest/APIReference/API_marketplace-agreements_SearchAgreements.html"""
        filters = {
            "PartyType": "Acceptor",
            "AgreementType": "PurchaseAgreement",
            "ResourceIdentifier": product_id,
            "Status": "ACTIVE",
        }
        with translated(f"asking Marketplace about {product_id}", operation="SearchAgreements"):
            found = self._clients.of("marketplace-agreement").search_agreements(
                catalog="AWSMarketplace",
                filters=[{"name": name, "values": [value]} for name, value in filters.items()],
            )
        return bool(found["agreementViewSummaries"])

    def _principal(self, caller: str) -> str:
        """What IAM calls the caller: a role is named by its own ARN, which has a path that a session's has not."""
        if _USER.fullmatch(caller):
            return caller
        if assumed := _ASSUMED.fullmatch(caller):
            with translated(f"reading the role {assumed[1]}", operation="GetRole"):
                return str(self._iam.get_role(RoleName=assumed[1])["Role"]["Arn"])
        raise CloudError(f"IAM simulates users and roles, and {caller} is neither")

    def _denied(self, principal: str, asked: Asked) -> set[str]:
        context = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in sorted(asked.context.items())
        ]
        with translated("simulating permissions", operation="SimulatePrincipalPolicy"):
            pages = self._iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=principal,
                ActionNames=list(asked.actions),
                ResourceArns=list(asked.resources),
                ContextEntries=context,
            )
            results = [result for page in pages for result in page["EvaluationResults"]]
        return {result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"}

    @property
    def _iam(self) -> Any:
        return self._clients.of("iam")
