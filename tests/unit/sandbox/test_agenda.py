"""The agenda: the last moment noted for a stack is the one that counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from esmcfn.sandbox.cloudformation.agenda import NEVER, Agenda


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1.0, 2.0, 3.0, NEVER])), max_size=30))
def test_the_soonest_of_the_last_moments_is_next(notes: list[tuple[str, float]]) -> None:
    agenda, last = Agenda(), dict[str, float]()
    for stack, moment in notes:
        agenda.note(stack, moment)
        last[stack] = moment
        due = [(moment, stack) for stack, moment in last.items() if moment < NEVER]
        assert agenda.next() == min(due, default=None)
