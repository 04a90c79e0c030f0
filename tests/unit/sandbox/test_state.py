"""Plain JSON on disk: what is written comes back, and an old file gets defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from esmcfn.sandbox.cloudformation.model import Execution, Op, Resource, Revision, Stack
from esmcfn.sandbox.state import Store, decode, encode


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
    store = Store(tmp_path)
    store.put("stacks", "1", a_stack())
    ((key, document),) = store.all("stacks")
    assert key == "1"
    assert decode(Stack, document) == a_stack()
    store.delete("stacks", "1")
    assert list(store.all("stacks")) == []


def test_an_older_file_gets_defaults_and_a_newer_one_loses_what_is_unknown() -> None:
    document = encode(a_stack())
    del document["termination_protection"]
    document["invented_later"] = 1
    assert decode(Stack, document) == a_stack()


def test_without_a_folder_nothing_is_kept() -> None:
    store = Store(None)
    store.put("stacks", "1", a_stack())
    assert list(store.all("stacks")) == []


def test_what_is_put_together_is_written_once_and_at_the_end(tmp_path: Path) -> None:
    store, document = Store(tmp_path), {"n": 0}
    with store.together(), store.together():
        for number in range(3):
            document["n"] = number
            store.put("kind", "a", document)
        store.put("kind", "b", {})
        store.delete("kind", "b")
        assert list(store.all("kind")) == []
    assert list(store.all("kind")) == [("a", {"n": 2})]


def test_what_was_put_before_an_exception_is_written(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def put_half() -> None:
        with store.together():
            store.put("kind", "a", {"n": 1})
            raise ValueError("oops")

    with pytest.raises(ValueError, match="oops"):
        put_half()
    assert list(store.all("kind")) == [("a", {"n": 1})]
