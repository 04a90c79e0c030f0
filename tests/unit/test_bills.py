"""Cost Explorer charges for each request: what one of them told is kept, whatever becomes of the next."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from esmcfn.audit.billing import bill_notes
from esmcfn.aws.bills import CostExplorerBills
from esmcfn.errors import CloudError

START, END = date(2026, 9, 1), date(2026, 11, 21)
REFUSED = ClientError({"Error": {"Code": "LimitExceededException", "Message": "slower"}}, "GetCostAndUsage")


def a_page(usd: str = "5.00", *, token: str = "", unit: str = "USD", groups: int = 1) -> dict[str, Any]:
    keys = ["esmcfn:model$busy", "USE2-Host:ml.g5.2xlarge"]
    group = {"Keys": keys, "Metrics": {"UnblendedCost": {"Amount": usd, "Unit": unit}}}
    page = {"ResultsByTime": [{"TimePeriod": {"Start": "2026-10-01"}, "Groups": [group] * groups}]}
    return {**page, "NextPageToken": token} if token else page


class Clients:
    """The one client of Cost Explorer, which answers from a list."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)

    def of(self, service: str) -> Clients:
        assert service == "ce"
        return self

    def get_cost_and_usage(self, **_: object) -> dict[str, Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def bill(*answers: dict[str, Any] | Exception):
    clients = Clients(*answers)
    found = CostExplorerBills(clients).bill("dev", start=START, end=END)  # type: ignore[arg-type]
    assert clients.answers == []
    return found


def test_a_first_request_without_an_answer_is_no_bill():
    with pytest.raises(CloudError, match="slower"):
        bill(REFUSED)


def test_a_second_page_that_is_refused_leaves_the_first_and_says_so():
    found = bill(a_page(token="more"), REFUSED)
    assert (found.total_usd, found.requests, found.complete) == (Decimal("5.00"), 2, False)
    notes = list(bill_notes(found, "dev"))
    assert notes[0] == "2 Cost Explorer requests, 0.02 USD"
    assert notes[1].startswith("the second request had no answer: asking Cost Explorer what was spent: ")
    assert notes[1].endswith("the sums are too low")


def test_what_is_untagged_may_stay_unknown_and_the_bill_is_still_one():
    found = bill(a_page(groups=0), REFUSED)
    assert (found.charges, found.untagged_usd, found.requests, found.complete) == ((), None, 2, True)
    notes = list(bill_notes(found, "dev"))
    assert "had no answer" in notes[1]
    assert "too low" not in notes[1]


def test_more_pages_than_requests_may_be_sent_is_said():
    found = bill(a_page(token="more"), a_page("2.00", token="evenmore"))
    assert (found.total_usd, found.complete, found.trouble) == (Decimal("7.00"), False, "")
    assert any("more pages than the 2" in note for note in bill_notes(found, "dev"))


def test_another_currency_is_no_us_dollar():
    with pytest.raises(CloudError, match="answers in CNY, and prices are in USD"):
        bill(a_page(unit="CNY"))
