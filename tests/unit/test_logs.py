"""What containers wrote: once, or line after line, each of them once, with nothing that moves a cursor."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from builders import a_selection, a_stack
from built import built
from fakes import NOW, FakeClock, FakeEndpoints, FakeIdentity, FakeStacks, a_world
from msgspec.structs import replace

from esmcfn.domain.endpoint import LogLine
from esmcfn.errors import AccessDenied, CloudError, ExitCode, Interrupted, UsageError, WrongAccount
from esmcfn.render import FORMATS, render
from esmcfn.verbs.watch.logs import LINES, follow, logs

ONE = a_selection()
TWO = a_selection(a_stack(), a_stack("performance_model"))
NAME = ONE.models[0].endpoint_name


def a_line(seconds: float, text: str = "", *, event_id: str = "", stream: str = "variant-1/i-1") -> LogLine:
    at = NOW + timedelta(seconds=seconds)
    return LogLine(at=at, stream=stream, text=text or f"at {seconds:g}", event_id=event_id or f"{stream}/{seconds:g}")


class Container:
    """A container that writes while one sleeps."""

    def __init__(self, *lines: LogLine, selection=ONE) -> None:
        self.selection = selection
        self.endpoints = FakeEndpoints()
        self.endpoints.serve(NAME, "config")
        self.identity = FakeIdentity()
        if lines:
            self.endpoints.logs[NAME] = lines
        self.clock = FakeClock()
        self.heard: list[LogLine] = []
        self.told: list[str] = []
        self.enough = 10_000

    def writes(self, *lines: LogLine) -> None:
        self.endpoints.logs[NAME] = tuple(
            sorted((*self.endpoints.logs.get(NAME, ()), *lines), key=lambda line: line.at)
        )

    @property
    def world(self):
        stacks = FakeStacks(*built(self.selection))
        return a_world(stacks=stacks, endpoints=self.endpoints, identity=self.identity)

    def once(self, *, since: float | None = None, most: int | None = None):
        span = None if since is None else timedelta(seconds=since)
        return logs(self.selection, self.world, since=span, most=most)

    def follow(self, *, since: float | None = None, most: int | None = None, until: float = 60) -> list[str]:
        then = self.clock.then

        def ends(passed: float) -> None:
            then(passed)
            if passed >= until:
                raise KeyboardInterrupt

        def heard(line: LogLine) -> bool:
            self.heard.append(line)
            return len(self.heard) < self.enough

        self.clock.then = ends
        follow(
            self.selection,
            self.world,
            since=None if since is None else timedelta(seconds=since),
            most=most,
            clock=self.clock,
            heard=heard,
            told=self.told.append,
        )
        return [line.text for line in self.heard]

    def followed(self, **options) -> list[str]:
        """Follow until Ctrl-C."""
        with pytest.raises(Interrupted):
            self.follow(**options)
        return [line.text for line in self.heard]


class TestOnceUnhappy:
    def test_several_models_ask_whose(self):
        with pytest.raises(UsageError, match="say whose log: dev selects prototype_model, performance_model"):
            Container(selection=TWO).once()

    def test_another_accounts_logs_are_refused(self):
        with pytest.raises(WrongAccount):
            logs(ONE, a_world(identity=FakeIdentity("999999999999")), since=None, most=None)

    def test_a_log_that_cannot_be_read_is_an_error(self):
        container = Container()
        container.endpoints.fail["log"] = AccessDenied("no logs:FilterLogEvents")
        with pytest.raises(AccessDenied):
            container.once()

    def test_no_log_group_is_no_container_and_no_error(self):
        done = Container().once()
        assert done.exit_code is ExitCode.DONE
        assert render("text", (done,)) == (
            "prototype_model: no container has started yet: "
            "there is no log group /aws/sagemaker/Endpoints/Endpoint-ESMC-300M-1-b8fd8d87\n"
        )
        assert json.loads(render("json", (done,)))["started"] is False

    def test_nothing_written_lately_says_since_when(self):
        done = Container(a_line(-600)).once(since=60)
        assert render("text", (done,)).startswith("prototype_model: nothing was written since 2026-11-21 11:59:00 UTC")

    @pytest.mark.parametrize("form", FORMATS)
    def test_nothing_that_a_container_writes_moves_a_cursor(self, form):
        text = render(form, (Container(a_line(0, "\x1b[2Jgone\r\u202e`|x\n= all is well")).once(),))
        assert "\n= all" not in text
        assert not [character for character in text if not character.isprintable() and character != "\n"]
        if form == "json":
            assert json.loads(text)["lines"][0]["text"] == "\x1b[2Jgone\r\u202e`|x\n= all is well"
        else:
            assert "\\x1b[2Jgone" in text
            assert "\\u202e" in text


class TestOnce:
    def lines(self, done) -> list[str]:
        return [line.text for line in done.body.log.lines]

    def test_the_last_hundred_lines_unless_said_otherwise(self):
        container = Container(*(a_line(n) for n in range(150)))
        assert self.lines(container.once())[0] == "at 50"
        assert len(container.once().body.log.lines) == LINES
        assert self.lines(container.once(most=2)) == ["at 148", "at 149"]

    def test_a_time_gives_all_of_it_and_a_number_its_end(self):
        container = Container(*(a_line(n - 200) for n in range(150)))
        assert len(self.lines(container.once(since=500))) == 150
        assert self.lines(container.once(since=52)) == ["at -52", "at -51"]
        assert self.lines(container.once(since=500, most=1)) == ["at -51"]

    def test_text_says_when_and_where(self):
        done = Container(a_line(1.5, "hello")).once()
        assert render("text", (done,)) == "2026-11-21 12:00:01  variant-1/i-1  hello\n"

    def test_one_of_several_is_named(self):
        narrowed = replace(TWO, models=TWO.models[:1], narrowed=frozenset({"prototype_model"}))
        assert Container(a_line(0), selection=narrowed).once().body.model == "prototype_model"

    def test_the_endpoint_is_the_one_that_is_deployed(self):
        container = Container(a_line(0))
        renamed = a_selection(a_stack(endpoint_name="Endpoint-new-00000000"))
        world = container.world
        container.selection = renamed
        assert logs(renamed, world, since=None, most=None).body.endpoint_name == NAME


class TestFollowing:
    def test_it_begins_with_the_last_lines_and_goes_on(self):
        container = Container(*(a_line(n - 50) for n in range(10)))
        container.clock.then = lambda passed: container.writes(a_line(passed))
        assert container.followed(most=2, until=4) == ["at -42", "at -41", "at 2"]

    def test_a_time_begins_there_with_all_of_it(self):
        container = Container(*(a_line(n - 50) for n in range(10)))
        assert container.followed(since=43, until=2) == ["at -43", "at -42", "at -41"]

    def test_each_line_is_told_once_also_where_two_are_equal(self):
        same = [a_line(0, "same", event_id=str(n)) for n in range(3)]
        assert Container(*same).followed(until=20) == ["same"] * 3

    def test_a_line_that_comes_late_is_told(self):
        container = Container(a_line(0))
        late = a_line(-5, "late", stream="variant-1/i-2")
        container.clock.then = lambda passed: container.writes(late) if passed == 10 else None
        assert container.followed(since=60, until=20) == ["at 0", "late"]

    def test_a_container_that_has_not_started_is_waited_for_and_said_once(self):
        container = Container()
        container.clock.then = lambda passed: container.writes(a_line(passed)) if passed == 20 else None
        assert container.followed(until=40) == ["at 20"]
        assert container.told == ["no container has started yet"]

    def test_a_bad_read_is_asked_again_and_said_once(self):
        container = Container(a_line(0))
        container.endpoints.fail["log"] = CloudError("rate exceeded", transient=True)

        def then(passed: float) -> None:
            if passed == 10:
                container.endpoints.fail.clear()

        container.clock.then = then
        assert container.followed(until=20) == ["at 0"]
        assert container.told == ["no answer, asking again: rate exceeded"]

    def test_a_refusal_ends_it(self):
        container = Container(a_line(0))
        container.clock.then = lambda passed: container.endpoints.fail.update(log=AccessDenied("denied"))
        with pytest.raises(AccessDenied):
            container.follow()

    def test_a_reader_that_has_gone_ends_it(self):
        container = Container(*(a_line(n) for n in range(10)))
        container.enough = 3
        assert container.follow() == ["at 0", "at 1", "at 2"]

    def test_an_endpoint_that_is_gone_ends_it(self):
        container = Container(a_line(0))
        container.clock.then = lambda passed: container.endpoints.there.clear() if passed == 10 else None
        assert container.follow(until=120) == ["at 0"]
        assert container.told == [f"there is no endpoint {NAME} any more"]
        assert sum(container.clock.slept) < 60

    def test_quiet_is_no_end_where_sagemaker_cannot_be_asked_for_a_moment(self):
        container = Container(a_line(0))
        container.endpoints.fail["observe"] = CloudError("rate exceeded", transient=True)
        assert container.followed(until=90) == ["at 0"]

    def test_quiet_is_no_end_while_there_is_an_endpoint(self):
        assert Container(a_line(0)).followed(until=90) == ["at 0"]

    def test_a_refusal_to_say_whether_there_is_one_ends_it(self):
        container = Container(a_line(0))
        container.endpoints.fail["observe"] = AccessDenied("denied")
        with pytest.raises(AccessDenied):
            container.follow(until=90)

    def test_ctrl_c_says_how_to_go_on(self):
        with pytest.raises(Interrupted) as caught:
            Container(a_line(0)).follow(until=2)
        assert caught.value.exit_code is ExitCode.INTERRUPTED
        assert caught.value.next_step == "esmcfn logs dev --model prototype_model --follow goes on"
