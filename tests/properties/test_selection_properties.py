"""What holds for every project: nothing is dropped, and no name comes out that AWS would refuse."""

from __future__ import annotations

import re

from builders import a_catalog, a_catalog_entry, a_neighbour, a_project, a_selected_model, an_environment
from hypothesis import given
from hypothesis import strategies as st

from esmcfn import naming
from esmcfn.domain.project import Project
from esmcfn.domain.stack import ModelStack
from esmcfn.errors import InputError
from esmcfn.selection import select

SAGEMAKER = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
STACK = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
IAM = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)

GOOD = st.builds(
    lambda words, length: "-".join(words)[:length].strip("-"),
    st.lists(st.sampled_from(["a", "Esm", "X9", "dev", "protein", "0" * 9, "embedding"]), min_size=1, max_size=6),
    st.integers(1, 45),
)
BAD = st.text(max_size=6) | st.sampled_from(["", "a-", "-a", "a--b", "a_b", "_", "é", " ", "A\n", "٣"])
PARTS = st.integers(0, 29).flatmap(lambda chance: BAD if chance == 7 else GOOD)


@st.composite
def projects(draw: st.DrawFn) -> Project:
    entries = [
        a_catalog_entry(selector=selector, endpoint_name=draw(PARTS), sagemaker_model_name=draw(PARTS))
        for selector in ("x", "y")
    ]
    keys = draw(st.lists(PARTS, max_size=4, unique=True))
    models = [a_selected_model(key, selector=draw(st.sampled_from("xy"))) for key in keys]
    return a_project(
        catalog=a_catalog(*entries),
        environment=an_environment(
            name=draw(PARTS),
            iam_role_name_prefix="e" + draw(PARTS),
            enable_shared_service_account=draw(st.booleans()),
            shared_service_account_name=draw(st.just("") | PARTS),
            selected_models=tuple(models),
        ),
        neighbours=(a_neighbour(account="sandbox", name=draw(PARTS), keys=tuple(draw(st.lists(PARTS, max_size=2)))),),
    )


@given(projects())
def test_a_name_is_one_that_aws_takes_or_the_project_is_refused(project: Project) -> None:
    try:
        selection = select(project)
    except InputError:
        return
    for stack in selection.stacks:
        assert STACK.fullmatch(stack.name)
    for model in selection.models:
        assert all(SAGEMAKER.fullmatch(name) for name in _sagemaker_names(model))
    assert selection.base is not None
    assert selection.base.execution_role is not None
    assert IAM.fullmatch(selection.base.execution_role.name)
    if selection.base.service_account:
        assert IAM.fullmatch(selection.base.service_account.user_name)
        assert len(selection.base.service_account.policy_name) < 128


def _sagemaker_names(model: ModelStack) -> tuple[str, ...]:
    hashed = "-" + "0" * naming.HASH_LENGTH
    return model.endpoint_name, model.model_base_name + hashed, model.config_base_name + hashed


@given(st.lists(st.text("abc19", min_size=1, max_size=6), unique=True, max_size=12), st.data())
def test_no_selected_model_is_dropped_and_no_name_is_given_twice(keys: list[str], data: st.DataObject) -> None:
    project = a_project(environment=an_environment(selected_models=tuple(map(a_selected_model, keys))))
    only = frozenset(data.draw(st.sets(st.sampled_from(keys)))) if keys else frozenset()

    selection, narrowed = select(project), select(project, only=only)

    assert [stack.model for stack in selection.models] == keys
    assert len({stack.name for stack in selection.stacks}) == len(selection.stacks)
    assert len({stack.endpoint_name.lower() for stack in selection.models}) == len(keys)
    assert [stack.model for stack in narrowed.models] == [key for key in keys if not only or key in only]
