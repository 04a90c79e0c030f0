"""YAML text -> plain values with places: what YAML would let pass, and what would bring it down."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from esmcfn.domain.origin import Origin
from esmcfn.inputs import document
from esmcfn.inputs.document import parse
from esmcfn.inputs.scalar import Unfit


def complaints(text: str) -> list[str]:
    return [str(problem) for problem in parse("f.yaml", text).problems]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "f.yaml:1:1: the file is empty (write what it is to say, or delete it)"),
        ("\n# nothing\n", "f.yaml:1:1: the file is empty (write what it is to say, or delete it)"),
        ("---\n", "f.yaml:1:1: the file is empty (write what it is to say, or delete it)"),
        ("- a\n- b\n", "f.yaml:1:1: the file must be a mapping of keys to values, not a list"),
        ("\nwords\n", "f.yaml:2:1: the file must be a mapping of keys to values, not text"),
        ("12\n", "f.yaml:1:1: the file must be a mapping of keys to values, not a number"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a file holds one document only (remove this ---)"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: a tab may not indent (use spaces)"),
        ("a: 1\nb:\n  \tc: [1,\n", "f.yaml:3:3: a tab may not indent (use spaces)"),
        ("a: \x07b\n", "f.yaml:1:4: the character '\\x07' may not stand in a YAML file"),
        ("a: 1\nb: [1, 2\n", "f.yaml:3:1: not YAML: did not find expected ',' or ']' (look from line 2 on)"),
        ("a: 1\n b: 2\n", "f.yaml:2:3: not YAML: mapping values are not allowed in this context"),
        ("a: 'x\n", "f.yaml:2:1: not YAML: found unexpected end of stream (look from line 1 on)"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_where_it_stops_being_one(text: str, complaint: str) -> None:
    found = parse("f.yaml", text)

    assert [str(problem) for problem in found.problems] == [complaint]
    assert found.top is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\na: 2\n", "f.yaml:2:1: a: written twice, first on line 1 (remove one of them)"),
        (
            "a:\n  b: 1\n  c: 2\n  b: 3\n",
            "f.yaml:4:3: b: written twice, first on line 2 (remove one of them)",
        ),
        ("a: {b: 1, 'b': {c: 3}}\n", "f.yaml:1:11: b: written twice, first on line 1 (remove one of them)"),
        (
            "x: {a: 1}\ny:\n  <<: {a: 1}\n",
            "f.yaml:3:3: merge keys (<<) are not supported (write the keys out)",
        ),
        ("? [a]\n: 1\nb: 2\n", "f.yaml:1:3: a key must be plain text"),
        ("? {a: 1}\n: {c: 1}\nb: 2\n", "f.yaml:1:3: a key must be plain text"),
        ("!!str a: 1\n", "f.yaml:1:1: a key must be plain text"),
        (
            "1: a\n",
            'f.yaml:1:1: the key 1 must be text, but YAML reads it as a number (write it in quotes: "1")',
        ),
        (
            "on: a\n",
            'f.yaml:1:1: the key on must be text, but YAML reads it as a truth value (write it in quotes: "on")',
        ),
        (
            "2020-01-01: a\n",
            "f.yaml:1:1: the key 2020-01-01 must be text, but YAML reads it as a date"
            ' (write it in quotes: "2020-01-01")',
        ),
        (
            "089: a\n",
            'f.yaml:1:1: the key 089 must be text, but YAML reads it as a number (write it in quotes: "089")',
        ),
        ("a: !Ref b\n", "f.yaml:1:4: the tag !Ref is not supported (write a plain value)"),
        ("a: !!int '3'\n", "f.yaml:1:4: the tag !!int is not supported (write a plain value)"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "f.yaml:1:4: the tag !!python/object/apply:os.system is not supported (write a plain value)",
        ),
        ("a: !!omap {b: c}\n", "f.yaml:1:4: the tag !!omap is not supported (write a plain value)"),
        ("a: *b\n", "f.yaml:1:4: the alias *b has no anchor above it"),
    ],
)
def test_what_would_be_misread_is_refused_at_its_place(text: str, complaint: str) -> None:
    assert complaints(text) == [complaint]


def test_what_is_right_beside_a_problem_is_kept() -> None:
    found = parse("f.yaml", "a: 1\na: 2\n3: x\nb: !Ref c\nd: {e: 5}\n")

    assert found.top == {"a": 1, "b": Unfit(), "d": {"e": 5}}
    assert len(found.problems) == 3


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("off", False),
        ("Yes", True),
        ("0", 0),
        ("12", 12),
        ("-3", -3),
        ("1.10", Decimal("1.10")),
        ("0.", Decimal(0)),
        ("text", "text"),
        ('"012"', "012"),
        ("!!str 012", "012"),
        ("! 5", "5"),
        ("1e3", "1e3"),
        ("=", "="),
        ("<<", "<<"),
        ("012", Unfit("a number")),
        ("089", Unfit("a number")),
        ("0x1f", Unfit("a number")),
        ("0b11", Unfit("a number")),
        ("1_000", Unfit("a number")),
        ("12:30", Unfit("a number")),
        (".inf", Unfit("a number")),
        (".nan", Unfit("a number")),
        ("1.5e+3", Unfit("a number")),
        ("9" * 5000, Unfit("a number")),
        ("2020-02-29", date(2020, 2, 29)),
        ("2021-02-29", Unfit("a date")),
        ("2020-01-01 10:00:00", Unfit("a date")),
    ],
)
def test_a_value_means_what_it_looks_like_or_nothing(written: str, value: object) -> None:
    found = parse("f.yaml", f"a: {written}\n")

    assert found.top == {"a": value}
    assert type(found.top["a"]) is type(value)
    assert found.problems == ()


def test_places_are_of_keys_and_of_list_items() -> None:
    found = parse("f.yaml", "a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n")

    assert found.places["a", "b"] == Origin("f.yaml", 2, 3)
    assert found.places["a", "c", 0] == Origin("f.yaml", 4, 7)
    assert found.places["a", "c", 1, "d"] == Origin("f.yaml", 5, 8)
    assert found.place(("a", "nope", "deeper")) == Origin("f.yaml", 1, 1)
    assert found.place(("nope",)) == Origin("f.yaml", 1, 1)


def test_what_is_no_text_is_remembered_as_it_was_written() -> None:
    assert parse("f.yaml", "a: 1.10\nb: yes\nc: d\n").texts == {("a",): "1.10", ("b",): "yes"}


def test_a_modest_alias_repeats_its_value_and_points_at_the_original() -> None:
    found = parse("f.yaml", "a: &x\n  b: [1, &y 2, *y]\nc: *x\nd: [*x]\n")

    assert found.top == {"a": {"b": [1, 2, 2]}, "c": {"b": [1, 2, 2]}, "d": [{"b": [1, 2, 2]}]}
    assert found.places["c",] == Origin("f.yaml", 3, 1)
    assert found.places["c", "b"] == Origin("f.yaml", 2, 3)
    assert found.problems == ()


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert complaints("a: &x [1, *x]\n") == ["f.yaml:1:11: the alias *x stands inside what it repeats"]


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    (complaint,) = complaints("\n".join(lines))

    assert complaint.endswith(f"aliases expand to more than {document.MAX_EXPANDED} keys and values")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_depth_is_limited_before_anything_recurses(opening: str) -> None:
    (complaint,) = complaints("a:\n  " + opening * 50_000)

    assert complaint.endswith(f"nested deeper than {document.MAX_DEPTH} levels")


def test_aliases_add_to_the_depth() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 20)]

    (complaint,) = complaints("\n".join(lines))

    assert complaint.endswith(f"nested deeper than {document.MAX_DEPTH} levels")
