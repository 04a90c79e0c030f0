"""Every event once and in order, whatever pages, tokens, equal times and nesting do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from esmcfn.aws.events import NESTED, Tail, holder
from esmcfn.aws.pace import BURST, Pace, Rhythm

ROOT = "arn:aws:cloudformation:us-east-2:123456789012:stack/top/1"
CHILD = "arn:aws:cloudformation:us-east-2:123456789012:stack/child/2"
GRANDCHILD = "arn:aws:cloudformation:us-east-2:123456789012:stack/grandchild/3"
BEGAN = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Account:
    """Events of stacks, oldest first as they happen, newest first as they are read."""

    def __init__(self, page=2):
        self.events: dict[str, list[dict]] = {}
        self.page = page
        self.read = 0

    def happens(self, stack, logical, status, *, token="ours", at=0.0, **more):
        events = self.events.setdefault(stack, [])
        events.append(
            {
                "EventId": f"{stack}{len(events)}",
                "Timestamp": BEGAN + timedelta(seconds=at),
                "LogicalResourceId": logical,
                "ResourceStatus": status,
                "ClientRequestToken": token,
                **more,
            }
        )

    def begins(self, stack=ROOT, **more):
        self.happens(stack, "root", "UPDATE_IN_PROGRESS", PhysicalResourceId=stack, **more)

    def pages(self, stack):
        newest = self.events.get(stack, [])[::-1]
        for start in range(0, len(newest), self.page):
            self.read += 1
            yield {"StackEvents": newest[start : start + self.page]}


def tail(account):
    return Tail(ROOT, "ours", account.pages)


def told(found):
    return [f"{event.logical_id} {event.status}" for event in found]


def test_nothing_of_an_earlier_operation_is_told():
    account = Account()
    account.begins(token="theirs")
    account.happens(ROOT, "A", "UPDATE_COMPLETE", token="theirs")
    watched = tail(account)
    assert watched.fresh() == ()
    account.begins()
    assert told(watched.fresh()) == ["root UPDATE_IN_PROGRESS"]


def test_each_event_is_told_once_over_many_pages_in_order_of_time():
    account = Account(page=2)
    account.begins()
    watched = tail(account)
    watched.fresh()
    for number in range(7):
        account.happens(ROOT, str(number), "DONE", at=number)
    assert told(watched.fresh()) == [f"{number} DONE" for number in range(7)]
    assert watched.fresh() == ()


def test_events_that_share_a_moment_keep_cloudformations_order():
    account = Account()
    account.begins()
    for name in ("B", "A", "C"):
        account.happens(ROOT, name, "DONE")
    assert told(tail(account).fresh())[1:] == ["B DONE", "A DONE", "C DONE"]


def test_an_operation_that_somebody_cancels_is_followed_to_its_end():
    account = Account()
    account.begins()
    watched = tail(account)
    watched.fresh()
    account.happens(ROOT, "root", "UPDATE_ROLLBACK_IN_PROGRESS", token="cancel", PhysicalResourceId=ROOT)
    account.happens(ROOT, "root", "UPDATE_ROLLBACK_COMPLETE", token="cancel", PhysicalResourceId=ROOT)
    found = watched.fresh()
    assert [event.status for event in found if event.of_stack][-1] == "UPDATE_ROLLBACK_COMPLETE"


def test_even_where_it_was_cancelled_before_the_first_look():
    account = Account(page=10)
    account.begins(token="before")
    account.begins()
    account.happens(ROOT, "root", "UPDATE_ROLLBACK_COMPLETE", token="cancel", PhysicalResourceId=ROOT)
    assert told(tail(account).fresh()) == ["root UPDATE_IN_PROGRESS", "root UPDATE_ROLLBACK_COMPLETE"]


def test_nested_stacks_are_followed_by_their_arns_however_deep_in_the_same_look():
    account = Account(page=10)
    account.happens(CHILD, "old", "CREATE_COMPLETE", at=-100)
    account.begins()
    account.happens(ROOT, "Child", "UPDATE_IN_PROGRESS", ResourceType=NESTED, PhysicalResourceId=CHILD)
    account.happens(CHILD, "child", "UPDATE_IN_PROGRESS", at=1, ResourceType=NESTED, PhysicalResourceId=CHILD)
    account.happens(CHILD, "Deep", "UPDATE_IN_PROGRESS", at=2, ResourceType=NESTED, PhysicalResourceId=GRANDCHILD)
    account.happens(GRANDCHILD, "Topic", "UPDATE_FAILED", at=3)
    found = tail(account).fresh()
    assert told(found) == [
        "root UPDATE_IN_PROGRESS",
        "Child UPDATE_IN_PROGRESS",
        "Child UPDATE_IN_PROGRESS",
        "Child/Deep UPDATE_IN_PROGRESS",
        "Child/Deep/Topic UPDATE_FAILED",
    ]
    assert [event.of_stack for event in found] == [True, False, False, False, False]


def test_reading_ends_at_the_first_known_event():
    account = Account(page=1)
    account.begins()
    for number in range(50):
        account.happens(ROOT, str(number), "DONE", at=number)
    watched = tail(account)
    watched.fresh()
    account.read = 0
    account.happens(ROOT, "last", "DONE", at=60)
    watched.fresh()
    assert account.read == 2


def test_who_holds_a_stack_is_its_last_beginning():
    account = Account()
    account.begins(ResourceStatusReason="User Initiated", token="Console-1")
    account.happens(ROOT, "A", "UPDATE_IN_PROGRESS", PhysicalResourceId="a")
    assert holder(account.pages(ROOT), ROOT) == "UPDATE_IN_PROGRESS since 12:00:00 UTC by Console-1 (User Initiated)"
    assert holder(iter(()), ROOT) == ""


def test_turns_are_handed_out_in_order_and_at_a_pace():
    pace = Pace(per_second=100.0)
    waits = [pace.turn() for _ in range(BURST + 20)]
    assert waits[0] == 0.0
    assert waits == sorted(waits)
    assert 0.1 < waits[-1] <= 0.21


def test_one_looks_soon_and_then_more_and_more_seldom():
    rhythm = Rhythm()
    soon = [rhythm.seconds() for _ in range(8)]
    assert soon == sorted(soon)
    assert (soon[0], soon[-1]) == (0.1, 0.5)
