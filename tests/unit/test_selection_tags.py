"""select: tags that AWS takes, and those that are esmcfn's own."""

from __future__ import annotations

import pytest
from builders import a_project, an_environment

from esmcfn.domain.project import Project
from esmcfn.errors import InputError
from esmcfn.selection import select


def complaints(project: Project) -> list[str]:
    try:
        select(project)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("tags", "complaint"),
    [
        ({"aws:x": "y"}, "tags.aws:x: keys that begin with aws: or esmcfn: are reserved"),
        ({"esmcfn:model": "y"}, "tags.esmcfn:model: keys that begin with aws: or esmcfn: are reserved"),
        ({"a": "ä;"}, "tags.a: a value consists of letters, digits, spaces and _.:/=+-@"),
        ({"a\n": "b"}, "tags.'a\\n': a key consists of letters, digits, spaces and _.:/=+-@"),
        ({" ": "b"}, "tags.' ': a key consists of letters, digits, spaces and _.:/=+-@"),
        ({"k" * 129: "b"}, f"tags.{'k' * 77}...: a key has 1 to 128 characters, not 129"),
        ({"a": "v" * 257}, "tags.a: a value has at most 256 characters, not 257"),
        ({"Owner": "a", "owner": "b"}, "tags.owner: IAM takes it for the same key as Owner"),
        ({f"k{n}": "v" for n in range(49)}, "tags: 49 tags, at most 48 (two more are esmcfn's own)"),
    ],
)
def test_an_impossible_tag_is_told(tags: dict[str, str], complaint: str) -> None:
    assert complaints(a_project(environment=an_environment(tags=tags))) == [f"environments/dev.yaml:6:1: {complaint}"]


def test_tags_of_every_script_are_fine() -> None:
    tags = {"Kostenstelle": "Straße 7", "пример": "значение", "empty": "", **{f"k{n}": "v" for n in range(45)}}

    assert complaints(a_project(environment=an_environment(tags=tags))) == []
