"""Writing `parked` into an environment's file and nothing else: every other character stays, comments above all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import yaml

from esmcfn.errors import UsageError

FLOW = "parked: true, "
"""What is written into a mapping in braces."""

Place = tuple[int, int, str]
"""Where the text is replaced: from, to, by what."""


def with_parked(text: str, keys: Iterable[str], *, parked: bool, path: str) -> str:
    """The file's text with `parked` set for these selected models.

    Args:
        path: the file's, for a message.

    Raises:
        UsageError: it is written in a way that this cannot edit (an alias, a merge); says what to write by hand.
    """
    wanted = tuple(keys)
    mark = text[:1] if text.startswith("\ufeff") else ""  # no YAML reader counts it among the characters
    text = text.removeprefix(mark)
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        models = [_value(top, "selected_models", key) for key in wanted]
        places = [_place(text, model, parked=parked) for model in models]
    except (yaml.YAMLError, LookupError) as error:
        raise _by_hand(path, wanted, parked) from error
    if top is not None and any(_mentions(top, model) > 1 for model in models):  # an alias would be edited with it
        raise _by_hand(path, wanted, parked)
    edited = text
    for begin, end, new in sorted(places, reverse=True):
        edited = edited[:begin] + new + edited[end:]
    if not _only_that_changed(text, edited, wanted, parked=parked):
        raise _by_hand(path, wanted, parked)
    return mark + edited


def _mentions(node: yaml.Node, wanted: yaml.Node) -> int:
    """In how many places a node stands; an alias is the same node in another place."""
    inside = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    parts = inside if isinstance(node, yaml.CollectionNode) else ()
    return (node is wanted) + sum(_mentions(part, wanted) for part in parts)


def _value(top: yaml.Node | None, *path: str) -> yaml.MappingNode:
    """The mapping at a path of keys. Raises LookupError where there is none."""
    node = top
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            raise LookupError(key)
        node = next((value for name, value in node.value if name.value == key), None)
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise LookupError(path[-1])
    return node


def _place(text: str, model: yaml.MappingNode, *, parked: bool) -> Place:
    """What to replace in one selected model's mapping."""
    word = "true" if parked else "false"
    for name, value in model.value:
        if name.value == "parked":
            begin, end = value.start_mark.index, value.end_mark.index
            if not parked and model.flow_style and text.startswith(FLOW, name.start_mark.index):
                return name.start_mark.index, name.start_mark.index + len(FLOW), ""
            line = _line(text, begin)
            alone = (
                len(model.value) > 1
                and not model.flow_style
                and text[line[0] : line[1]].strip() == text[name.start_mark.index : end]
            )
            return (*line, "") if alone and not parked else (begin, end, word)
    if not parked:
        return model.start_mark.index, model.start_mark.index, ""
    if model.flow_style:
        inside = model.start_mark.index + 1
        return inside, inside, FLOW
    first, _ = model.value[0]
    _, end = _line(text, _last(model))
    newline = "\r\n" if "\r\n" in text else "\n"
    before = "" if text[:end].endswith("\n") else newline
    return end, end, f"{before}{' ' * first.start_mark.column}parked: true{newline}"


def _last(node: yaml.Node) -> int:
    """Where the last scalar inside ends; a block's own end mark is where the next token begins."""
    if isinstance(node, yaml.MappingNode | yaml.SequenceNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _last(last[1] if isinstance(last, tuple) else last)
    return max(node.start_mark.index, node.end_mark.index - 1)


def _line(text: str, index: int) -> tuple[int, int]:
    """Where the line of a character begins, and where the next one does."""
    begin = text.rfind("\n", 0, index) + 1
    end = text.find("\n", index)
    return begin, len(text) if end < 0 else end + 1


def _only_that_changed(before: str, after: str, keys: tuple[str, ...], *, parked: bool) -> bool:
    """Does the edited file say what the old one said, and `parked` besides?"""
    try:
        old, new = yaml.safe_load(before), yaml.safe_load(after)
    except yaml.YAMLError:
        return False
    now = new["selected_models"]
    reached = all(isinstance(now[key], Mapping) and bool(now[key].get("parked")) is parked for key in keys)
    return reached and _without_parked(old, keys) == _without_parked(new, keys)


def _without_parked(document: Mapping[str, object], keys: tuple[str, ...]) -> Mapping[str, object]:
    """The document without `parked` of these models; copied, since an alias shares what it names."""
    models = document["selected_models"]
    assert isinstance(models, Mapping)  # noqa: S101 - the places were found in it
    bare = {
        key: {name: value for name, value in model.items() if name != "parked"} if key in keys else model
        for key, model in models.items()
    }
    return {**document, "selected_models": bare}


def _by_hand(path: str, keys: tuple[str, ...], parked: bool) -> UsageError:
    word = "true" if parked else "false"
    return UsageError(
        f"{path} is written in a way that cannot be edited without touching anything else",
        next_step=f"write `parked: {word}` under {', '.join(keys)} yourself, then deploy",
    )
