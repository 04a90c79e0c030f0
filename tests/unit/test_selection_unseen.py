"""What people wrote stands in a message as it can be read, whatever it holds."""

from __future__ import annotations

import pytest
from builders import a_project, a_selected_model, an_environment
from msgspec.structs import replace

from esmcfn.errors import InputError, Problem, UsageError
from esmcfn.selection import select

EVIL = "x\x1b]0;x\x07\u202eEVIL"


def complaints(**changes: object) -> tuple[Problem, ...]:
    project = a_project()
    with pytest.raises(InputError) as refused:
        select(replace(project, environment=an_environment(**changes)))
    return refused.value.problems


@pytest.mark.parametrize(
    "changes",
    [
        {"name": EVIL},
        {"account": EVIL},
        {"region": EVIL},
        {"iam_role_name_prefix": EVIL},
        {"shared_service_account_name": EVIL},
        {"tags": {EVIL: EVIL}},
        {"selected_models": (a_selected_model(selector=EVIL),)},
        {"selected_models": (a_selected_model(key=EVIL),)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_no_message_holds_what_a_terminal_would_obey(changes: dict[str, object]) -> None:
    found = complaints(**changes)

    assert any("EVIL" in problem.message for problem in found)
    assert all(f"{problem.message}{problem.suggestion}".isprintable() for problem in found)


def test_a_key_of_the_command_line_is_shown_written_out_and_short() -> None:
    for key in (EVIL, "k" * 5000):
        with pytest.raises(UsageError) as refused:
            select(a_project(), only=frozenset({key}))
        assert refused.value.message.isprintable()
        assert len(refused.value.message) < 150
