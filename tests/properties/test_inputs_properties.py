"""What holds for every text, not only for those that somebody thought of."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import yaml
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, a_root
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

from esmcfn import inputs
from esmcfn.domain.origin import Origins
from esmcfn.domain.project import Project
from esmcfn.errors import InputError
from esmcfn.inputs.document import parse
from esmcfn.selection import select

KEYS = st.sampled_from(
    [
        *("environment", "account", "region", "catalog", "tags", "selected_models", "budget", "execution_role"),
        *("models", "ESMC-300M", "model_package", "container", "instance_type", "instance_count", "parked"),
        *("supported_instance_types", "software_usd_per_hour", "selector", "levels", "limits", "on", "1"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.text(),
    st.sampled_from(["dev", "sandbox", "us-east-2", "../catalogs/esm.yaml", "ESMC-300M", "ml.g5.xlarge", "012", ""]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
PIECES = st.lists(
    st.sampled_from(
        ["a", "on", "1", ": ", "\n", "  ", "- ", "[", "]", "{", "}", "&x ", "*x", "!t ", "'", '"', "#", "\t"]
    ),
    max_size=30,
).map("".join)


def read(environment: str, catalog: str = CATALOG_TEXT, policy: str = "levels: {}\n") -> inputs.Loaded | None:
    """Loaded, or None for an InputError; anything else fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"policies/a.yaml": policy, "environments/other.yaml": environment}
        root = a_root(Path(folder), environment=environment, catalog=catalog, files=files)
        with suppress(InputError):
            loaded = inputs.load(root, "dev")
            with suppress(InputError):
                select(loaded.project, problems=loaded.problems)
            return loaded
    return None


@given(st.text() | PIECES)
@example("? [a]\n")
@example("&x *x")
@example("a: 1\n--- b")
def test_any_text_is_read_or_refused(text: str) -> None:
    found = parse("f.yaml", text)

    assert (found.top is None) <= bool(found.problems)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in found.problems)


@given(st.dictionaries(KEYS, VALUES, max_size=6), st.dictionaries(KEYS, VALUES, max_size=3))
def test_any_yaml_is_read_or_refused(top: Mapping[str, object], other: Mapping[str, object]) -> None:
    environment, catalog = yaml.safe_dump(dict(top)), yaml.safe_dump(dict(other))

    read_or_refused = read(environment), read(ENVIRONMENT_TEXT, catalog=catalog, policy=catalog)
    assert all(loaded is None or isinstance(loaded, inputs.Loaded) for loaded in read_or_refused)


@given(VALUES, st.sampled_from(["models:\n  ESMC-300M:\n", "models:\n", ""]))
def test_any_entry_is_read_or_refused(value: object, above: str) -> None:
    text = yaml.safe_dump({"ESMC-300M": value})
    indented = "".join(f"    {line}\n" for line in text.splitlines())

    loaded = read(ENVIRONMENT_TEXT, catalog=f"{above}{indented}")

    assert loaded is not None
    assert loaded.project.catalog.entries or loaded.problems


@given(st.randoms(use_true_random=False))
def test_the_order_of_keys_means_nothing_but_the_order_of_models(chance: random.Random) -> None:
    environment, catalog = yaml.safe_load(ENVIRONMENT_TEXT), yaml.safe_load(CATALOG_TEXT)

    loaded = read(_shuffled(environment, chance), catalog=_shuffled(catalog, chance))

    in_order = read(ENVIRONMENT_TEXT)
    assert loaded is not None
    assert in_order is not None
    assert _placeless(loaded.project) == _placeless(in_order.project)


def _shuffled(value: object, chance: random.Random) -> str:
    def shuffle(inner: object) -> object:
        if not isinstance(inner, dict):
            return inner
        pairs = [(key, shuffle(below)) for key, below in inner.items()]
        chance.shuffle(pairs)
        return dict(pairs)

    return yaml.safe_dump(shuffle(value), sort_keys=False)


def _placeless(project: Project) -> str:
    """Everything but the lines, which do depend on the order."""
    return repr(_bare(project))


def _bare(noun: object) -> object:
    match noun:
        case Origins():
            return None
        case Mapping():
            return sorted((key, _bare(value)) for key, value in noun.items())
        case tuple():
            return [_bare(value) for value in noun]
        case Struct():
            return [(field.name, _bare(getattr(noun, field.name))) for field in fields(noun)]
    return noun
