"""What doctor asks that no emulator answers, held against AWS's models: IAM's simulation, Marketplace's agreements."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from esmcfn.aws.examiner import AccountExaminer
from esmcfn.domain.examination import Asked
from esmcfn.errors import AccessDenied, CloudError

ROLE = "arn:aws:iam::123456789012:role/esmcfn/esmcfn-esm-dev-plan"
SESSION = "arn:aws:sts::123456789012:assumed-role/esmcfn-esm-dev-plan/run-1"
ASKED = Asked(
    actions=("cloudformation:CreateChangeSet",), resources=("*",), context={"cloudformation:ChangeSetName": "esmcfn-x"}
)


class StubbedClients:
    """Clients that were told what they will be asked, and what to answer."""

    def __init__(self) -> None:
        self.stubs: dict[str, Stubber] = {}

    def of(self, service: str) -> Any:
        if service not in self.stubs:
            client = botocore.session.Session().create_client(
                service, region_name="us-east-1", aws_access_key_id="sandbox", aws_secret_access_key="sandbox"
            )
            self.stubs[service] = Stubber(client)
            self.stubs[service].activate()
        return self.stubs[service].client

    def answer(self, service: str, operation: str, answer: dict[str, Any], asked: dict[str, Any] | None = None) -> None:
        self.of(service)
        self.stubs[service].add_response(operation, answer, asked)


@pytest.fixture
def clients() -> StubbedClients:
    return StubbedClients()


def calling(clients: StubbedClients, arn: str) -> AccountExaminer:
    clients.answer("sts", "get_caller_identity", {"Arn": arn, "Account": "123456789012", "UserId": "U"})
    return AccountExaminer(clients)  # type: ignore[arg-type]


def result(action: str, decision: str) -> dict[str, Any]:
    return {"EvalActionName": action, "EvalDecision": decision, "EvalResourceName": "*"}


def test_a_session_is_simulated_as_its_role_with_every_page_and_what_the_call_would_have(clients):
    examiner = calling(clients, SESSION)
    role = {
        "Path": "/esmcfn/",
        "RoleName": "esmcfn-esm-dev-plan",
        "RoleId": "A" * 16,
        "Arn": ROLE,
        "CreateDate": "2026-01-01",
    }
    clients.answer("iam", "get_role", {"Role": role}, {"RoleName": "esmcfn-esm-dev-plan"})
    context = {
        "ContextKeyName": "cloudformation:ChangeSetName",
        "ContextKeyValues": ["esmcfn-x"],
        "ContextKeyType": "string",
    }
    asked = {
        "PolicySourceArn": ROLE,
        "ActionNames": ["cloudformation:CreateChangeSet"],
        "ResourceArns": ["*"],
        "ContextEntries": [context],
    }
    first = {"EvaluationResults": [result("a:Allowed", "allowed")], "IsTruncated": True, "Marker": "m"}
    clients.answer("iam", "simulate_principal_policy", first, asked)
    second = {"EvaluationResults": [result("a:No", "explicitDeny"), result("a:Never", "implicitDeny")]}
    clients.answer("iam", "simulate_principal_policy", second, {**asked, "Marker": "m"})
    assert examiner.denied([ASKED]) == {"a:No", "a:Never"}


def test_the_root_user_is_denied_nothing_and_who_is_nobody_cannot_be_simulated(clients):
    assert calling(clients, "arn:aws:iam::123456789012:root").denied([ASKED]) == frozenset()
    with pytest.raises(CloudError, match="neither"):
        calling(clients, "arn:aws:sts::123456789012:federated-user/x").denied([ASKED])


def test_who_may_not_simulate_is_told_what_is_missing(clients):
    examiner = calling(clients, "arn:aws:iam::123456789012:user/somebody")
    clients.of("iam")
    clients.stubs["iam"].add_client_error("simulate_principal_policy", "AccessDenied", "not authorized to perform: x:Y")
    with pytest.raises(AccessDenied):
        examiner.denied([ASKED])


@pytest.mark.parametrize(("found", "subscribed"), [([], False), ([{"agreementId": "a"}], True)])
def test_marketplace_is_asked_for_active_agreements_of_the_product(clients, found, subscribed):
    filters = {"PartyType": "Acceptor", "AgreementType": "PurchaseAgreement", "ResourceIdentifier": "prod-abc"}
    asked = {
        "catalog": "AWSMarketplace",
        "filters": [{"name": name, "values": [value]} for name, value in {**filters, "Status": "ACTIVE"}.items()],
    }
    clients.answer("marketplace-agreement", "search_agreements", {"agreementViewSummaries": found}, asked)
    assert AccountExaminer(clients).subscribed("prod-abc") is subscribed  # type: ignore[arg-type]
