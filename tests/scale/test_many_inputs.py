"""Inputs without an end: what is remembered does not grow, and what is too much is refused."""

from __future__ import annotations

from esmcfn.inputs.memory import MOST, Memory


def test_names_do_not_grow_for_ever(tmp_path):
    memory = Memory(tmp_path)
    for number in range(MOST):
        (tmp_path / str(number)).touch()
    memory.add("new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert memory.holds("new")
