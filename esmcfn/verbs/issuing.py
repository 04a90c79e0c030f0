"""`issue`: what GitHub is to be asked for, so that one issue says how an environment stands. It asks nobody itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from esmcfn.domain.issue import Known, Looked, Marker, News, Request, Standing, Text, marker_of

Tell = Callable[[Looked, Standing, News], str]
"""The comment on an issue that changed: the report, what the issue was before (BAD: open), and what is new."""


def requests(looked: Looked, text: Text, known: Sequence[Known], *, author: str, tell: Tell) -> tuple[Request, ...]:
    """One issue an environment and report: edited in place, commented on when it says something else, closed by itself.

    A comment goes before the edit that says what was commented on: who is stopped between them says it once more.

    Args:
        known: issues of the repository, open or closed, everybody's.
        author: whose issues are ours.
    """
    ours = sorted(
        (each for each in known if each.author == author and _same(each.marker, looked)),
        key=lambda each: each.number,
    )
    opened = [each for each in ours if each.open]
    current = opened[0] if opened else ours[-1] if ours else None
    asked = [*_asked(looked, text, current, tell)]
    for double in opened[1:]:
        asked.append(_comment(double.number, f"Continued in #{opened[0].number}."))
        asked.append(_edit(double.number, state="closed", state_reason="not_planned"))
    return _without_comments_on_locked(asked, known)


def vanished(
    known: Sequence[Known], there: Sequence[str], *, author: str, tell: Callable[[str], str]
) -> tuple[Request, ...]:
    """Close what is open about environments that the repository has no more: nobody looks at them, so it never would.

    Args:
        there: names of the environments that the repository has, readable or not.
        tell: the comment, by the environment's name.
    """
    gone = sorted(
        (each.number, each.marker.environment)
        for each in known
        if each.open and each.author == author and each.marker and each.marker.environment not in there
    )
    asked = [
        request
        for number, name in gone
        for request in (_comment(number, tell(name)), _edit(number, state="closed", state_reason="not_planned"))
    ]
    return _without_comments_on_locked(asked, known)


def _asked(looked: Looked, text: Text, current: Known | None, tell: Tell) -> list[Request]:
    standing = looked.standing
    if current is None:
        if standing is not Standing.BAD:
            return []
        return [Request(method="POST", path="issues", fields={"title": text.title, "body": text.body})]
    now = marker_of(looked)
    news = _news(current.marker, now)
    same = current.marker is not None and current.marker.fingerprint == now.fingerprint
    number, written = current.number, {"title": text.title, "body": text.body}
    if current.open and standing is Standing.CLEAN:
        closed = {"state": "closed", "state_reason": "completed"}
        return [_comment(number, tell(looked, Standing.BAD, news)), _edit(number, **written, **closed)]
    if current.open:
        said = [] if same else [_comment(number, tell(looked, Standing.BAD, news))]
        return [*said, _edit(number, **written)]
    if standing is Standing.BAD:
        return [_comment(number, tell(looked, Standing.CLEAN, news)), _edit(number, **written, state="open")]
    return []


def _same(marker: Marker | None, looked: Looked) -> bool:
    return marker is not None and (marker.report, marker.environment) == (looked.report, looked.environment)


def _news(before: Marker | None, now: Marker) -> News:
    if before is None or before.marks is None or now.marks is None:
        return News(known=False)
    then, there = before.marks, now.marks
    return News(
        added=tuple(name for name in there if name not in then),
        changed=tuple(name for name in there if name in then and then[name] != there[name]),
        gone=tuple(name for name in then if name not in there),
    )


def unheard(asked: Sequence[Request], known: Sequence[Known]) -> tuple[int, ...]:
    """Numbers of the issues that are edited, and not commented on because they are locked."""
    edited = {request.path for request in asked}
    return tuple(each.number for each in known if each.locked and _address(each.number) in edited)


def _without_comments_on_locked(asked: Sequence[Request], known: Sequence[Known]) -> tuple[Request, ...]:
    """GitHub refuses them, and a refusal would keep the issue from being edited as well."""
    refused = {_address(each.number, "/comments") for each in known if each.locked}
    return tuple(request for request in asked if request.path not in refused)


def _comment(number: int, body: str) -> Request:
    return Request(method="POST", path=_address(number, "/comments"), fields={"body": body})


def _edit(number: int, **fields: str) -> Request:
    return Request(method="PATCH", path=_address(number), fields=fields)


def _address(number: int, what: str = "") -> str:
    return f"issues/{number}{what}"
