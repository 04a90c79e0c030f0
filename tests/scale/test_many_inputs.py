"""Inputs without an end: what is remembered does not grow, and what is too much is refused."""

from __future__ import annotations

from esmcfn.inputs import document
from esmcfn.inputs.memory import MOST, Memory


def test_names_do_not_grow_for_ever(tmp_path):
    memory = Memory(tmp_path)
    for number in range(MOST):
        (tmp_path / str(number)).touch()
    memory.add("new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert memory.holds("new")


def test_a_file_with_too_many_values_is_refused():
    (problem,) = document.parse("f.yaml", "a: [" + "1," * document.MAX_EVENTS + "]").problems
    assert str(problem).endswith(f"more than {document.MAX_EVENTS} keys and values")
