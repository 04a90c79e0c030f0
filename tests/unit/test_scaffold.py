"""A new repository is what this one ships, and a payload that cannot be carried over is told field by field."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from esmcfn.cli.program import run
from esmcfn.errors import InputError
from esmcfn.scaffold import ACTION, OWN, REQUIREMENTS, new_repository, requirement_of
from esmcfn.scaffold.payload import carried_over

REPOSITORY = Path(__file__).parents[2]
SHIPPED = ("catalogs/esm.yaml", "environments/dev.yaml", "policies/levels.yaml", "policies/waivers.yaml")
VARIANT = {
    "ModelName": "my-model",
    "VariantName": "AllTraffic",
    "InstanceType": "ml.g5.2xlarge",
    "InitialInstanceCount": 2,
    "InitialVariantWeight": 1,
}
PAYLOAD = {
    "endpointName": "test-endpoint",
    "productionVariants": [VARIANT],
    "autoscalingMinCapacity": 1,
    "autoscalingMaxCapacity": 4,
}


def carried(**changes):
    return carried_over(json.dumps({**PAYLOAD, **changes}), "payload.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "payload.json:1:2: not JSON"),
        ("[]", "no JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ("{}", "endpointName: it is missing"),
        ("{}", "productionVariants: it must be a list"),
        (json.dumps({**PAYLOAD, "endpointName": 5}), "endpointName: it is 5"),
        (json.dumps({**PAYLOAD, "endpointName": 'a"\nb'}), "endpointName"),
        (json.dumps({**PAYLOAD, "productionVariants": [1]}), "a list with one variant"),
        (json.dumps({**PAYLOAD, "productionVariants": [{}]}), "ModelName: it is missing"),
        (json.dumps({**PAYLOAD, "productionVariants": [{**VARIANT, "InitialInstanceCount": True}]}), "it is True"),
        (json.dumps({**PAYLOAD, "productionVariants": [{**VARIANT, "InstanceType": "g5"}]}), "it is g5"),
    ],
)
def test_what_is_no_payload_is_told_with_its_field(text, said):
    with pytest.raises(InputError) as raised:
        carried_over(text, "payload.json")
    assert said in "\n".join(map(str, raised.value.problems))


@pytest.mark.parametrize("name", ["nowhere.json", "binary.json"])
def test_a_file_that_cannot_be_read_is_bad_input_and_nothing_is_written(tmp_path, capsys, name):
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\xff")
    assert run(["init", str(tmp_path / "new"), "--from-payload", str(tmp_path / name)]) == 3
    assert name in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_what_is_there_is_named_and_nothing_is_written(tmp_path, capsys):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/levels.yaml").write_text("levels: {}\n")
    assert run(["init", str(tmp_path)]) == 2
    assert "policies/levels.yaml" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["levels.yaml", "policies"]
    assert (tmp_path / "policies/levels.yaml").read_text() == "levels: {}\n"


def test_a_file_in_the_place_of_a_folder_is_no_bug(tmp_path, capsys):
    (tmp_path / "catalogs").write_text("")
    assert run(["init", str(tmp_path)]) == 2
    assert "catalogs" in capsys.readouterr().err


@pytest.mark.parametrize("path", SHIPPED)
def test_the_files_are_those_of_this_repository(path):
    (file,) = [each for each in new_repository() if each.path == path]
    own = (REPOSITORY / path).read_text(encoding="utf-8")
    assert file.text == own.partition("\n")[2], "without the line that points at a schema of this repository"
    assert own.startswith("# yaml-language-server")


def test_every_workflow_but_our_own_comes_along():
    own = {f".github/workflows/{path.name}": path for path in (REPOSITORY / ".github/workflows").glob("*.yml")}
    made = {file.path: file.text for file in new_repository() if file.path.startswith(".github/workflows/")}
    assert set(own) - set(made) == {f".github/workflows/{name}" for name in OWN}
    assert made == {path: own[path].read_text(encoding="utf-8") for path in made}
    used = {name for text in made.values() for name in re.findall(r"uses: \$/(\S+)", text)}
    assert f"{used.pop()}/action.yml" == ACTION
    assert used == set()


COMMIT = "0123456789" * 4


@pytest.mark.parametrize(
    ("noted", "wanted"),
    [
        (None, "esmcfn[sandbox] == 1.2.3"),
        (
            {"url": "https://github.com/o/esmcfn", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"esmcfn[sandbox] @ git+https://github.com/o/esmcfn@{COMMIT}",
        ),
        (
            {"url": "https://o.example/e.whl", "archive_info": {"hashes": {"sha256": "ab" * 32}}},
            f"esmcfn[sandbox] @ https://o.example/e.whl#sha256={'ab' * 32}",
        ),
        ({"url": "file:///home/somebody/esmcfn", "dir_info": {"editable": True}}, ""),
        ({"url": "file:///home/somebody/e.whl", "archive_info": {"hashes": {"sha256": "ab" * 32}}}, ""),
        ({"url": "ssh://git@internal/esmcfn", "vcs_info": {"vcs": "git", "commit_id": "main"}}, ""),
    ],
)
def test_the_workflows_get_esmcfn_from_where_this_one_came_or_from_nowhere(noted, wanted):
    assert requirement_of("1.2.3", None if noted is None else json.dumps(noted)) == wanted


@pytest.mark.parametrize("loose", ["esmcfn", "esmcfn>=1", "esmcfn @ git+https://github.com/o/esmcfn@main", "other==1"])
def test_a_requirement_that_may_mean_something_else_tomorrow_is_refused(tmp_path, capsys, loose):
    assert run(["init", str(tmp_path / "new"), "--esmcfn", loose]) == 2
    assert "write a version, a commit or a digest" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_where_nobody_knows_the_file_says_what_to_write_and_holds_no_requirement():
    made = {file.path: file.text for file in new_repository()}
    assert not [line for line in made[REQUIREMENTS].splitlines() if not line.startswith("#")]
    assert {file.path: file.text for file in new_repository("esmcfn == 1")}[REQUIREMENTS] == "esmcfn == 1\n"


def test_every_file_is_explained_in_a_line(tmp_path, capsys):
    assert run(["init", str(tmp_path / "new"), "-f", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["schema"], made["left"]) == ("esmcfn.init/v1", [])
    for file in made["files"]:
        assert (tmp_path / "new" / file["path"]).is_file()
        assert file["about"]
        assert "\n" not in file["about"]


def test_a_payload_is_a_catalog_and_an_environment():
    made = carried()
    catalog, environment = (file.text for file in made.files)
    assert 'endpoint_name: "test-endpoint"' in catalog
    assert 'instance_type: "ml.g5.2xlarge"\n    instance_count: 2' in catalog
    assert '"test-endpoint":\n    selector: "my-model"' in environment


def test_what_cannot_be_carried_over_is_named():
    other = {**VARIANT, "VariantName": "Canary"}
    first = {**VARIANT, "AcceleratorType": "ml.eia1.medium"}
    said = "\n".join(carried(productionVariants=[first, other], endpointName="e" * 50, surprise=1).left)
    for name in ("my-model", "Canary", "AcceleratorType", "autoscalingMinCapacity", "surprise", "account and region"):
        assert name in said
    assert f"cut to {'e' * 39}" in said
