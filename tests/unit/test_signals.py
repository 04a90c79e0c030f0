"""Signals: noted before they are raised, so that nothing that swallows an exception swallows one."""

from __future__ import annotations

import json
import signal
import threading
import time
import weakref

import pytest
from awaited import HANG_SECONDS

from esmcfn.cli.person import Asked
from esmcfn.cli.program import halted, run
from esmcfn.cli.watching import Lines
from esmcfn.errors import CloudError, ExitCode, Interrupted
from esmcfn.signals import Held, Signalled, Signals
from esmcfn.threads import Pool
from esmcfn.verbs.world import Stop


def test_what_comes_before_anything_is_ready_is_raised_when_it_is(signals):
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Signalled) as caught:
        signals.heed()
    assert caught.value.exit_code == ExitCode.TERMINATED


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)], ids=str
)
def test_a_library_that_catches_every_exception_catches_no_signal(signals, number, code):
    signals.heed()

    def library():
        try:
            signal.raise_signal(number)
        except Exception:
            return "swallowed"

    with pytest.raises(KeyboardInterrupt):
        library()
    assert Signals.current() is signals
    assert signals.noted == code


def test_what_is_swallowed_all_the_same_is_raised_where_it_is_looked_for(signals):
    signals.heed()
    try:
        signal.raise_signal(signal.SIGINT)
    except BaseException as error:
        swallowed = error
    assert isinstance(swallowed, Signalled)
    with pytest.raises(Signalled, match="interrupted"):
        signals.look()


def drop_one(signals):
    """A signal in a weak reference's callback: Python drops what is raised there."""

    class Thing:
        pass

    things = [Thing()]
    reference = weakref.ref(things[0], lambda gone: signal.raise_signal(signal.SIGTERM))
    signals.heed()
    things.clear()
    assert reference() is None


def test_what_python_drops_is_raised_again_soon_and_not_complained_about(signals, capsys):
    drop_one(signals)
    with pytest.raises(Signalled, match="terminated"):
        time.sleep(60)  # the signal wakes it
    assert capsys.readouterr().err == ""


def test_what_is_over_before_that_is_raised_again_leaves_no_alarm_behind(signals):
    drop_one(signals)
    signals.let_go()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signals.noted == ExitCode.TERMINATED


def test_other_exceptions_that_python_drops_are_complained_about_as_ever(signals, capsys):
    class Thing:
        pass

    thing = Thing()
    reference = weakref.ref(thing, lambda gone: 1 // 0)
    del thing
    assert reference() is None
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_who_said_nohup_is_not_stopped(signals):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Signals.standing()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_command_that_is_over_leaves_signals_to_the_system(signals):
    signals.let_go()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert not Signals.current().noted


@pytest.mark.parametrize("words", [["validate", "nowhere"], ["--help"], ["no-such-verb"]])
def test_the_exit_code_is_the_signals_whatever_the_command_comes_to(signals, words, capsys):
    signal.raise_signal(signal.SIGTERM)
    assert run(words) == ExitCode.TERMINATED
    assert "error: terminated" in capsys.readouterr().err


def test_json_has_the_same_exit_code(signals, capsys):
    signal.raise_signal(signal.SIGTERM)
    assert run(["plan", "dev", "-f", "json"]) == ExitCode.TERMINATED
    assert json.loads(capsys.readouterr().out)["exit_code"] == ExitCode.TERMINATED


def test_an_error_after_a_signal_is_told_and_is_an_interruption():
    said = halted(CloudError("the connection was closed", next_step="look"), 143)
    assert isinstance(said, Interrupted)
    assert (said.exit_code, said.next_step) == (ExitCode.TERMINATED, "look")
    assert "the connection was closed" in said.message


def test_what_an_interruption_says_of_aws_stays_and_its_code_is_the_signals():
    said = halted(Interrupted("CloudFormation goes on with esm-dev", next_step="esmcfn status dev"), 143)
    assert (said.message, said.exit_code) == ("CloudFormation goes on with esm-dev", ExitCode.TERMINATED)


def test_without_a_signal_errors_are_what_they_are():
    error = CloudError("no")
    assert halted(error, 0) is error
    assert halted(KeyboardInterrupt(), 0).exit_code == ExitCode.INTERRUPTED


class Terminal:
    """Standard input and output of somebody who types."""

    def __init__(self, *typed):
        self.typed = list(typed)

    def isatty(self):
        return True

    def readline(self, *size):
        return self.typed.pop(0)


@pytest.mark.parametrize(
    ("typed", "stop", "noted"),
    [("w\n", Stop.WATCH, 0), ("c\n", Stop.CANCEL, 0), ("l\n", Stop.LEAVE, ExitCode.INTERRUPTED)],
)
def test_who_keeps_watching_was_not_interrupted(signals, monkeypatch, typed, stop, noted):
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    signals.noted = ExitCode.INTERRUPTED
    person = Asked(display=Lines())
    assert person.interrupted(["esm-dev"], ["esm-dev"]) is stop
    assert signals.noted == noted


def test_who_is_terminated_is_not_asked(signals, monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal())
    signals.noted = ExitCode.TERMINATED
    assert Asked(display=Lines()).interrupted(["esm-dev"], []) is Stop.LEAVE
    assert signals.noted == ExitCode.TERMINATED


def test_a_thread_that_is_being_started_when_the_signal_comes_is_waited_for(signals, monkeypatch):
    start = threading.Thread.start

    def interrupted(self):
        start(self)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    signals.heed()
    done, go_on = [], threading.Event()

    def work():
        go_on.wait(HANG_SECONDS)
        done.append("work")

    with pytest.raises(Signalled), Pool(max_workers=1) as pool:  # noqa: PT012 - it is waited for on the way out
        try:
            pool.submit(work)
        finally:
            go_on.set()
    assert done == ["work"]


def test_what_is_held_is_raised_afterwards_and_only_once(signals):
    signals.heed()
    said = []
    with pytest.raises(Signalled), Held():  # noqa: PT012
        with Held():
            signal.raise_signal(signal.SIGTERM)
        said.append("cleared away")
    assert said == ["cleared away"]
    with Held():
        said.append("cleared away after it")  # it was raised before: whoever clears away does so to the end
    assert len(said) == 2


def test_an_error_of_what_is_held_is_not_hidden_by_the_signal(signals):
    signals.heed()
    with pytest.raises(CloudError), Held():  # noqa: PT012
        signal.raise_signal(signal.SIGTERM)
        raise CloudError("throttled")
    assert signals.noted == ExitCode.TERMINATED


def test_other_threads_hold_nothing(signals):
    signals.heed()

    def hold():
        with Held():
            held.set()
            go_on.wait(HANG_SECONDS)

    held, go_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(HANG_SECONDS)
    with pytest.raises(Signalled):
        signal.raise_signal(signal.SIGTERM)
    go_on.set()
    thread.join()


def test_what_was_dropped_and_then_raised_elsewhere_is_not_raised_into_clearing_away(signals):
    drop_one(signals)
    with pytest.raises(Signalled):
        signals.look()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
