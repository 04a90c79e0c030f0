"""JSON schemas for editors: current, and as strict as the reader itself."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT

from esmcfn.inputs import editors

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "docs/schemas"
SHIPPED = sorted(
    path
    for folder in (".", "examples/*")
    for kind in ("catalogs", "environments")
    for path in REPOSITORY.glob(f"{folder}/{kind}/*.yaml")
)


@cache
def validator(kind: str) -> jsonschema.Draft7Validator:
    schema = json.loads(editors.json_schemas()[f"{kind}.schema.json"])
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def errors(kind: str, text: str) -> list[str]:
    found = validator(kind).iter_errors(yaml.safe_load(text))
    return ["/".join(map(str, error.absolute_path)) for error in found]


def test_the_checked_in_schemas_are_current() -> None:
    checked_in = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}

    assert checked_in == editors.documents(), "python -m esmcfn.inputs.editors docs/schemas"


def test_they_are_written_where_one_says(tmp_path: Path) -> None:
    editors.main(str(tmp_path))

    assert {path.name for path in tmp_path.iterdir()} == set(editors.documents())


def test_the_page_names_every_key() -> None:
    text = editors.documents()["README.md"]

    for key in ("models.KEY.model_package", "selected_models.KEY.parked", "execution_role.path", "levels", "budget"):
        assert f"| `{key}` |" in text


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_what_is_shipped_fits_and_names_its_schema(path: Path) -> None:
    kind = path.parent.name.removesuffix("s")
    text = path.read_text(encoding="utf-8")
    named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")

    assert errors(kind, text) == []
    assert (path.parent / named).resolve() == FOLDER / f"{kind}.schema.json"


@pytest.mark.parametrize(
    ("kind", "text", "where"),
    [
        ("environment", ENVIRONMENT_TEXT.replace("region: us-east-2", "region: here"), "region"),
        ("environment", ENVIRONMENT_TEXT.replace("account: sandbox", "account: 111122223333"), "account"),
        ("environment", ENVIRONMENT_TEXT + "what: 1\n", ""),
        ("environment", ENVIRONMENT_TEXT + "    what: 1\n", "selected_models/prototype_model"),
        ("environment", ENVIRONMENT_TEXT + "    instance_count: 0\n", "selected_models/prototype_model/instance_count"),
        ("environment", ENVIRONMENT_TEXT.replace("esm-partner", "1"), "tags/Project"),
        (
            "catalog",
            CATALOG_TEXT + "    container: {image: 123456789012.dkr.ecr.us-east-2.amazonaws.com/esm}\n",
            "models/ESMC-300M",
        ),
        ("catalog", CATALOG_TEXT.replace("instance_count: 1", ""), "models/ESMC-300M"),
    ],
)
def test_an_editor_shows_what_the_reader_would_refuse(kind: str, text: str, where: str) -> None:
    assert errors(kind, text) == [where]


@pytest.mark.parametrize(
    "more", ["budget: 500\n", "role_arn:\n", "    instance_type: ''\n", "termination_protection: true\n"]
)
def test_an_editor_takes_what_the_reader_takes(more: str) -> None:
    text = ENVIRONMENT_TEXT.replace("    instance_type: ml.g5.2xlarge\n", "") + more

    assert errors("environment", text) == []
