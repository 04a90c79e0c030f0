"""Whatever a person wrote, only `parked` changes or nothing does."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from esmcfn.errors import UsageError
from esmcfn.inputs.editing import with_parked

_SCALARS = st.one_of(
    st.integers(0, 99),
    st.booleans(),
    st.text("abc #:'\"\n-", max_size=8),
    st.lists(st.text("ab", max_size=3), max_size=2),
)
_MODELS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=5),
    st.dictionaries(st.sampled_from(["selector", "instance_type", "note", "parked"]), _SCALARS, min_size=1),
    min_size=1,
    max_size=4,
)


@given(models=_MODELS, style=st.sampled_from([None, True, False]), parked=st.booleans(), data=st.data())
def test_whatever_is_written_only_parked_changes_or_nothing_does(models, style, parked, data):
    for model in models.values():
        if "parked" in model:
            model["parked"] = bool(model["parked"])
    text = yaml.safe_dump({"environment": "dev", "selected_models": models, "z": 1}, default_flow_style=style)
    keys = data.draw(st.sets(st.sampled_from(sorted(models)), min_size=1))
    try:
        after = yaml.safe_load(with_parked(text, tuple(keys), parked=parked, path="environments/dev.yaml"))
    except UsageError:
        return
    for key in keys:
        assert bool(after["selected_models"][key].pop("parked", False)) is parked
        models[key].pop("parked", None)
    assert after == {"environment": "dev", "selected_models": models, "z": 1}
