"""CloudWatch Logs: moto's, but for the log groups of endpoints, whose streams and events are ours.

Such a group itself lives in moto, so that it can be listed, tagged, given a retention and deleted like any other. What
is in it can be read with DescribeLogStreams, GetLogEvents and FilterLogEvents; everything else there is refused.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.pages import page
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.sagemaker.containers import PREFIX, Containers, Line
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

MOST_STREAMS = 50
MOST_EVENTS = 10_000
"""AWS's limits a page, and what a page has where the request does not say."""

ABOUT_THE_GROUP = frozenset(
    {
        "CreateLogGroup",
        "DeleteLogGroup",
        "DescribeLogGroups",
        "PutRetentionPolicy",
        "DeleteRetentionPolicy",
        "ListTagsLogGroup",
        "TagLogGroup",
        "UntagLogGroup",
    }
)
"""What moto answers of an endpoint's log group too: it does not look inside."""

TOKEN = re.compile(r"([fb])/(\d{56})")
TERM = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\w+))(?:\s+|$)')


@dataclass(frozen=True, slots=True)
class Found:
    """One event of a stream; `at` in milliseconds."""

    at: int
    stream: str
    number: int
    text: str

    @property
    def event(self) -> dict[str, Json]:
        """The event as GetLogEvents shows it."""
        return {"timestamp": self.at, "message": self.text, "ingestionTime": self.at}

    @property
    def filtered(self) -> dict[str, Json]:
        """The event as FilterLogEvents shows it."""
        unique = (
            f"{self.at:020}{int(hashlib.sha256(f'{self.stream}/{self.number}'.encode()).hexdigest(), 16) % 10**36:036}"
        )
        return {**self.event, "logStreamName": self.stream, "eventId": unique}


class Logs:
    """The log groups of endpoints."""

    def __init__(self, ground: Ground, containers: Containers) -> None:
        self.ground = ground
        self.containers = containers
        self._shown: set[tuple[str, str]] = set()
        self._synced: dict[str, tuple[int, frozenset[str]]] = {}

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "DescribeLogStreams": self.streams,
            "GetLogEvents": self.events,
            "FilterLogEvents": self.filter,
        }

    def ours(self, body: bytes, operation: str) -> bool:
        """Whether a request looks into a log group of an endpoint."""
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            return False  # moto says what is wrong with it
        if not isinstance(given, dict) or operation in ABOUT_THE_GROUP:
            return False
        several = [*(given.get("logGroupNames") or ()), *(given.get("logGroupIdentifiers") or ())]
        names = [given.get("logGroupName"), given.get("logGroupIdentifier"), *several]
        return any(_group_name(str(name)).startswith(PREFIX) for name in names if name)

    def sync(self, region: str) -> None:
        """Show moto the log groups that have begun by now, and forget those that were deleted there."""
        now, held = self.ground.clock.now(), self.containers.groups(region)
        if not held:
            return
        begun = frozenset(name for name, group in held.items() if group.begun(now))
        if self._synced.get(region) == (self.ground.moto.touched("logs"), begun):
            return  # nobody made or deleted a group, and no container has begun meanwhile
        live = self._live(region)
        for name in [name for name in held if name in begun]:
            if name not in live and (region, name) in self._shown:
                self._shown.discard((region, name))
                self.containers.forget(region, name)
                continue
            if name not in live:
                self.ground.moto.call("logs", "CreateLogGroup", region, {"logGroupName": name})
            self._shown.add((region, name))
        kept = frozenset(name for name in begun if name in held)
        self._synced[region] = self.ground.moto.touched("logs"), kept

    def _live(self, region: str) -> set[str]:
        found: set[str] = set()
        given: Json = {"logGroupNamePrefix": PREFIX}
        while True:
            answer = self.ground.moto.call("logs", "DescribeLogGroups", region, given)
            found.update(group["logGroupName"] for group in answer["logGroups"])
            if not answer.get("nextToken"):
                return found
            given = {**given, "nextToken": answer["nextToken"]}

    # Operations

    def streams(self, call: Call) -> Json:
        """DescribeLogStreams."""
        given = call.parameters
        name, held = self._held(call)
        by_time = given.get("orderBy") == "LastEventTime"
        if by_time and "logStreamNamePrefix" in given:
            raise _wrong("Cannot order by LastEventTime with a logStreamNamePrefix.")
        shown = [
            _stream(call.region, name, stream, lines)
            for stream, lines in held.items()
            if stream.startswith(given.get("logStreamNamePrefix", ""))
        ]
        shown.sort(
            key=lambda stream: (stream["lastEventTimestamp"] if by_time else 0, stream["logStreamName"]),
            reverse=bool(given.get("descending")),
        )
        some, token = _page(shown, given.get("nextToken"), self._size(call, MOST_STREAMS), call)
        return {"logStreams": some, "nextToken": token}

    def events(self, call: Call) -> Json:
        """GetLogEvents: the last ones unless startFromHead; at either end the same token comes back."""
        given = call.parameters
        _, held = self._held(call)
        stream = given["logStreamName"]
        if stream not in held:
            raise _lacking("The specified log stream does not exist.")
        before = given.get("endTime", float("inf"))
        found = [event for event in _found(stream, held[stream]) if given.get("startTime", 0) <= event.at < before]
        size, last = self._size(call, MOST_EVENTS), len(found)
        begin, end = (0, min(size, last)) if given.get("startFromHead") else (max(0, last - size), last)
        if "nextToken" in given:
            token = TOKEN.fullmatch(given["nextToken"])
            if token is None:
                raise _wrong("The specified nextToken is invalid.")
            at = min(int(token[2]), last)
            begin, end = (at, min(at + size, last)) if token[1] == "f" else (max(0, at - size), at)
        return {
            "events": [event.event for event in found[begin:end]],
            "nextForwardToken": f"f/{end:056}",
            "nextBackwardToken": f"b/{begin:056}",
        }

    def filter(self, call: Call) -> Json:
        """FilterLogEvents: of every stream, in the order of time."""
        given = call.parameters
        _, held = self._held(call)
        names, prefix = given.get("logStreamNames"), given.get("logStreamNamePrefix", "")
        if names and prefix:
            raise _wrong("Cannot specify both logStreamNames and logStreamNamePrefix.")
        for name in names or ():
            if name not in held:
                raise _lacking("The specified log stream does not exist.")
        last, wanted = given.get("endTime", float("inf")), _pattern(given.get("filterPattern", ""))
        found = [
            event
            for name in (names or held)
            if name.startswith(prefix)
            for event in _found(name, held[name])
            if given.get("startTime", 0) <= event.at <= last and wanted.fits(event.text)
        ]
        token = given.get("nextToken", "")
        if token and re.fullmatch("[fb].+", token) is None:
            raise _wrong("The specified nextToken is invalid.")
        newest_first = token.startswith("b") if token else given.get("startFromHead") is False
        found.sort(key=lambda event: (event.at, event.stream, event.number), reverse=newest_first)
        some, rest = _page(found, token[1:], self._size(call, MOST_EVENTS), call)
        return {
            "events": [event.filtered for event in some],
            "searchedLogStreams": [],
            "nextToken": ("b" if newest_first else "f") + rest if rest else None,
        }

    def _held(self, call: Call) -> tuple[str, Mapping[str, list[Line]]]:
        """Return the group that a call names, and its streams."""
        given = call.parameters
        if ("logGroupName" in given) == ("logGroupIdentifier" in given):
            raise _wrong("Specify exactly one of logGroupName and logGroupIdentifier.")
        name = _group_name(given.get("logGroupName") or given["logGroupIdentifier"])
        if name not in self._live(call.region):
            raise _lacking("The specified log group does not exist.")
        group = self.containers.groups(call.region).get(name)
        return name, group.until(self.ground.clock.now()) if group is not None else {}

    def _size(self, call: Call, most: int) -> int:
        return min(int(call.parameters.get("limit", most)), self.ground.pages.get(call.operation, most))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A filter pattern of terms: all of them, any of those with a question mark, none of those with a minus.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForLogEvents.html
    """

    every: tuple[str, ...] = ()
    some: tuple[str, ...] = ()
    no: tuple[str, ...] = ()

    def fits(self, text: str) -> bool:
        """Whether a message has what the pattern asks for."""
        if any(term in text for term in self.no) or not all(term in text for term in self.every):
            return False
        return not self.some or any(term in text for term in self.some)


def _pattern(text: str) -> Pattern:
    if text.lstrip().startswith(("{", "[", "%")):
        raise _wrong("The sandbox filters by terms only, not by JSON, fields or regular expressions")
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    rest = text.strip()
    while rest:
        term = TERM.match(rest)
        if term is None:
            raise _wrong("Invalid character(s) in term: a term of other than letters, digits and _ takes quotes")
        terms[term[1]].append(term[3] if term[2] is None else re.sub(r"\\(.)", r"\1", term[2]))
        rest = rest[term.end() :]
    return Pattern(every=tuple(terms[""]), some=tuple(terms["?"]), no=tuple(terms["-"]))


def _group_name(identifier: str) -> str:
    """Return a log group's name, from its name or its ARN."""
    if not identifier.startswith("arn:"):
        return identifier
    return identifier.partition(":log-group:")[2].removesuffix(":*")


def _found(stream: str, lines: list[Line]) -> list[Found]:
    return [Found(round(line.at * 1000), stream, number, line.text) for number, line in enumerate(lines)]


def _stream(region: str, group: str, name: str, lines: list[Line]) -> dict[str, Json]:
    first, last = round(lines[0].at * 1000), round(lines[-1].at * 1000)
    return {
        "logStreamName": name,
        "creationTime": first,
        "firstEventTimestamp": first,
        "lastEventTimestamp": last,
        "lastIngestionTime": last,
        "uploadSequenceToken": f"{len(lines):056}",
        "arn": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:{name}",
        "storedBytes": 0,
    }


def _page(items: list[Json], token: str | None, size: int, call: Call) -> tuple[list[Json], str | None]:
    try:
        return page(items, token, size, call)
    except Refusal as refusal:
        raise _wrong("The specified nextToken is invalid.") from refusal


def _wrong(message: str) -> Refusal:
    return Refusal("InvalidParameterException", message)


def _lacking(message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message)
