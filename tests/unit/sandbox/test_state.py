"""Plain JSON on disk: what is written comes back, and an old file gets defaults."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from esmcfn.sandbox.cloudformation.model import Execution, Op, Resource, Revision, Stack
from esmcfn.sandbox.running import JOURNAL
from esmcfn.sandbox.state import Damaged, Store, Unwritable, decode, encode


def a_stack() -> Stack:
    return Stack(
        id="arn:aws:cloudformation:us-east-2:123456789012:stack/s/1",
        name="s",
        region="us-east-2",
        created_at=1.5,
        status="UPDATE_IN_PROGRESS",
        revision=Revision(body="{}", tags={"a": "b"}),
        resources={"T": Resource(logical_id="T", resource_type="AWS::SNS::Topic", physical_id="t")},
        execution=Execution(
            kind="update",
            token="",
            operation_id="1",
            operation_type="UPDATE_STACK",
            wake_at=2.0,
            ops=[Op(logical_id="T", action="update")],
        ),
    )


def test_a_stack_comes_back_as_it_was(tmp_path: Path) -> None:
    Store(tmp_path).put("stacks", "1", a_stack())
    assert list(Store(tmp_path).all("stacks", Stack)) == [("1", a_stack())]


def test_an_older_file_gets_defaults_and_a_newer_one_loses_what_is_unknown() -> None:
    document = encode(a_stack())
    del document["termination_protection"]
    document["invented_later"] = 1
    assert decode(Stack, document) == a_stack()


def test_without_a_folder_nothing_is_kept() -> None:
    store = Store(None)
    store.put("stacks", "1", a_stack())
    assert list(store.all("stacks", Stack)) == []


def kept(folder: Path) -> dict[str, dict[str, int]]:
    return dict(Store(folder).all("kind", dict[str, int]))


def test_what_is_put_together_is_written_once_and_at_the_end(tmp_path: Path) -> None:
    store, document = Store(tmp_path), {"n": 0}
    with store.together(), store.together():
        for number in range(3):
            document["n"] = number
            store.put("kind", "a", document)
        store.put("kind", "b", {})
        assert kept(tmp_path) == {}
    assert kept(tmp_path) == {"a": {"n": 2}, "b": {}}


def test_what_was_put_before_an_exception_is_written(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def put_half() -> None:
        with store.together():
            store.put("kind", "a", {"n": 1})
            raise ValueError("oops")

    with pytest.raises(ValueError, match="oops"):
        put_half()
    assert kept(tmp_path) == {"a": {"n": 1}}


def test_a_crash_among_several_documents_leaves_none_or_all_of_them(tmp_path: Path) -> None:
    """Every file that one write touches is tried as the last one that came through."""
    (tmp_path / "kind").mkdir()
    before, after = {"a": {"n": 1}, "b": {"n": 1}}, {"a": {"n": 2}, "b": {"n": 2}}
    files = {"journal": {f"kind/{key}.json": document for key, document in after.items()}}
    for came_through in range(4):
        for key, document in before.items():
            (tmp_path / "kind" / f"{key}.json").write_text(json.dumps(document))
        if came_through:
            (tmp_path / JOURNAL).write_text(json.dumps(files["journal"]))
        for key in list(after)[: max(0, came_through - 1)]:
            (tmp_path / "kind" / f"{key}.json").write_text(json.dumps(after[key]))
        assert kept(tmp_path) == (after if came_through else before)
        assert not (tmp_path / JOURNAL).exists()


def test_what_the_disk_did_not_take_is_tried_again_with_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "kind").write_text("in the way")
    with pytest.raises(Unwritable, match="cannot keep its state in"):
        store.put("kind", "a", {"n": 1})
    assert store.problem
    (tmp_path / "kind").unlink()
    store.put("kind", "b", {"n": 2})
    assert (kept(tmp_path), store.problem) == ({"a": {"n": 1}, "b": {"n": 2}}, "")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 1}', "[" * 100_000, "\udc80"])
def test_a_file_that_nobody_here_wrote_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "1.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Damaged, match=r"stacks/1\.json cannot be read"):
        list(Store(tmp_path).all("stacks", Stack))


def test_requests_side_by_side_keep_whole_documents(tmp_path):
    store = Store(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.put("faults", "active", [number] * 50), range(400)))
    ((key, last),) = Store(tmp_path).all("faults", list[int])
    assert key == "active"
    assert len(last) == 50
    assert store.problem == ""
