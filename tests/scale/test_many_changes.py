"""A comment on thousands of changes: what destroys and what blocks is named, the rest is counted."""

from __future__ import annotations

import re

from commented import (
    UNSHRUNK,
    a_blocking,
    a_change,
    a_drifting,
    a_hand,
    a_planned,
    a_seen_stack,
    assert_sound,
    rendered,
    utf16,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from esmcfn.domain.plan import Action, StackAction


def test_a_deletion_that_stands_last_of_three_thousand_changes_is_named_and_the_cut_is_said():
    adds = [a_change(Action.ADD, f"Added{number}", meaning="m" * 80) for number in range(3000)]
    gone = a_seen_stack(a_change(Action.DELETE, "TheOne"), name="esm-dev-last", action=StackAction.DELETE)
    text = rendered(a_planned(a_seen_stack(*adds), gone))
    assert utf16(text) <= 65_536
    assert text.index("TheOne") < text.index("Added0")
    cut = re.search(r"Not shown here, for its length: (\d+) additions\. Everything is in \[", text)
    assert cut
    assert int(cut[1]) == 3000 - len(re.findall(r"\*\*add\*\* `Added\d+`", text))
    assert_sound(text)


def test_fifteen_hundred_deletions_in_five_hundred_stacks_are_all_named():
    stacks = [
        a_seen_stack(
            *(a_change(Action.DELETE, name) for name in ("Endpoint", "EndpointConfig", "Model")),
            name=f"esm-production-model-{number:04}",
            action=StackAction.DELETE,
        )
        for number in range(500)
    ]
    text = rendered(a_planned(*stacks))
    assert utf16(text) <= 65_536
    assert all(stack.name in text for stack in stacks)
    assert "| **1500** |" in text


def test_what_no_comment_could_hold_is_counted_and_said_to_be():
    changes = [a_change(Action.DELETE, f"R{number}{'x' * 120}") for number in range(2000)]
    text = rendered(a_planned(a_seen_stack(*changes)))
    assert utf16(text) <= 65_536
    named = len(re.findall(r"\*\*delete\*\* `R\d+x", text.partition("<details>")[0]))
    assert named > 50
    assert f"and {2000 - named} more lines like these" in text
    assert "| **2000** |" in text
    assert_sound(text)


def test_two_thousand_overwritten_resources_are_named_or_said_to_be_more_than_can_be():
    hands = [a_hand(logical_id=f"Resource{number}") for number in range(500)]
    text = rendered(a_planned(a_drifting(*hands)))
    assert all(f"`esm-dev/Resource{number}`" in text.partition("<details>")[0] for number in range(500))
    many = rendered(a_planned(a_drifting(*(a_hand(logical_id=f"Resource{number}") for number in range(3000)))))
    assert "| **3000 drifted** |" in many
    assert "more lines like these, too many for a comment" in many


@settings(phases=UNSHRUNK)
@given(st.integers(1, 500), st.integers(0, 2500), st.randoms(use_true_random=True))
def test_among_thousands_of_changes_no_destructive_one_and_no_blocking_finding_is_dropped(ends, others, random):
    every = [a_change(Action.DELETE if number % 2 else Action.REPLACE, f"End{number}") for number in range(ends)]
    every += [a_change(random.choice([Action.ADD, Action.MODIFY]), f"Other{number}") for number in range(others)]
    random.shuffle(every)
    split = [a_seen_stack(*every[at : at + 200], name=f"esm-dev-{at}") for at in range(0, len(every), 200)]
    text = rendered(a_planned(*split, findings=tuple(a_blocking(f"ESM{number:03}") for number in range(20))))
    assert utf16(text) <= 65_536
    warned = text.partition("<details>")[0]
    assert all(f"`End{number}`" in warned for number in range(ends))
    assert all(f"`ESM{number:03}`" in warned for number in range(20))
    assert "sha256:" + "ab" * 32 in text
