"""Ctrl-C before each line of Python that planning and deploying runs through: no change set is left behind."""

from __future__ import annotations

import signal
import sys
from itertools import count
from pathlib import Path

from builders import a_project, a_selection
from fakes import FakePerson, FakeStacks, a_world

from esmcfn import verbs
from esmcfn.errors import Interrupted
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.plan.keeping import Keeping, kept_by
from esmcfn.verbs.plan.planning import make_plan

ROOM = str(Path(verbs.__file__).parent)
ONE = a_selection()


class Stopwatch:
    """Raises a signal before the line of that number, as Python itself would: between two of its instructions."""

    def __init__(self, signals, number):
        self._signals, self._left = signals, number

    @property
    def rang(self):
        return self._left <= 0

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(ROOM):
            return None
        if event == "line" and not self.rang:
            self._left -= 1
            if self.rang:
                self._signals(signal.SIGINT, frame)
        return self

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self)
        return self

    def __exit__(self, *left):
        sys.settrace(self._before)


def stopped_everywhere(signals, work):
    """Do the work again and again, stopped before its first line, its second, and so on to its last.

    Args:
        work: of the stacks that it is given.

    Yields:
        Those stacks, and what was said at the end.
    """
    signals.heed()
    for number in count(1):
        stacks, watch = FakeStacks(), Stopwatch(signals, number)
        try:
            with watch:
                work(stacks)
        except (KeyboardInterrupt, Interrupted) as stop:
            yield stacks, f"line {number}: {stop}"
            signals.forgive()
        else:
            assert not watch.rang, f"line {number}: the signal was swallowed"
            return


def test_a_deployment_leaves_no_change_set_and_names_what_it_did(signals):
    lines = 0
    for stacks, said in stopped_everywhere(
        signals, lambda stacks: deploy(a_project(), ONE, a_world(stacks=stacks, person=FakePerson()), Wishes())
    ):
        lines += 1
        assert stacks.open == {}, said
        # Once all is done, a run of the same command says so.
        assert len(stacks.there) == len(ONE.stacks) or all(name in said for name in stacks.there), said
    assert lines > 100


def test_a_plan_for_a_file_leaves_no_change_set_that_no_file_names(signals):
    def plan(stacks):
        with Keeping(print) as keeping:
            report = make_plan(a_project(), ONE, a_world(stacks=stacks), keeping=keeping)
            keeping.clear(besides=kept_by([report]))
            named[:] = kept_by([report])

    named = []
    lines = 0
    for stacks, said in stopped_everywhere(signals, plan):
        lines += 1
        assert sorted(stacks.open) == sorted(named), said
        named.clear()
    assert lines > 100
