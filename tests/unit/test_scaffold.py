"""A new repository is what this one ships, and a payload that cannot be carried over is told field by field."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from esmcfn.cli.program import run
from esmcfn.domain.hosting import ScalingMetric
from esmcfn.errors import InputError
from esmcfn.inputs import load
from esmcfn.scaffold import ACTION, OWN, REQUIREMENTS, locking, new_repository, requirement_of
from esmcfn.scaffold.payload import carried_over
from esmcfn.selection import select

REPOSITORY = Path(__file__).parents[2]
PROD = "environments/prod.yaml.example"
SHIPPED = ("catalogs/esm.yaml", "environments/dev.yaml", PROD, "policies/levels.yaml", "policies/waivers.yaml")
VARIANT = {
    "ModelName": "my-model",
    "VariantName": "AllTraffic",
    "InstanceType": "ml.g5.2xlarge",
    "InitialInstanceCount": 2,
    "InitialVariantWeight": 1,
}
POLICY = "targetTrackingScalingPolicyConfiguration"
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
    own = (REPOSITORY / path.removesuffix(".example")).read_text(encoding="utf-8")
    assert file.text == own.partition("\n")[2], "without the line that points at a schema of this repository"
    assert own.startswith("# yaml-language-server")


def test_a_readme_and_a_gitignore_that_are_there_stay_and_what_the_one_lacks_is_said(tmp_path, capsys):
    (tmp_path / "README.md").write_text("# Ours\n")
    (tmp_path / ".gitignore").write_text(".venv/\n")
    assert run(["init", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "README.md and .gitignore stayed as it was; add to .gitignore: /*.json, /*.html" in told.err
    assert "README.md" not in told.out
    assert (tmp_path / "README.md").read_text() == "# Ours\n"
    assert (tmp_path / ".gitignore").read_text() == ".venv/\n"
    assert (tmp_path / "environments/dev.yaml").is_file()


def test_what_fails_half_way_leaves_nothing_and_the_next_one_succeeds(tmp_path, capsys):
    new = tmp_path / "new"
    new.mkdir()
    (new / "README.md").write_text("# Ours\n")
    (new / "policies").write_text("in the way of a folder, after others were made\n")
    assert run(["init", str(new)]) == 2
    assert "cannot make the folder" in capsys.readouterr().err
    assert sorted(path.name for path in new.rglob("*")) == ["README.md", "policies"]
    (new / "policies").unlink()
    assert run(["init", str(new)]) == 0


def test_production_is_there_to_be_copied_and_every_place_to_fill_is_marked(tmp_path):
    assert run(["init", str(tmp_path)]) == 0
    text = (tmp_path / PROD).read_text()
    marked = [line.split(":")[0].strip() for line in text.splitlines() if "TO FILL:" in line]
    assert marked == ["account", "budget", "emails", "target_value"]
    assert [path.name for path in (tmp_path / "environments").glob("*.yaml")] == ["dev.yaml"]
    (tmp_path / "environments/prod.yaml").write_text(text)
    loaded = load(tmp_path, "prod")
    assert select(loaded.project, problems=loaded.problems).models


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


def test_who_owns_what_decides_is_asked_for_by_name(tmp_path):
    words = ["init", str(tmp_path / "new"), "--owner", "@acme/platform", "--owner", "sec@example.com"]
    assert run([*words, "--owner", "@acme/platform"]) == 0
    lines = (tmp_path / "new/.github/CODEOWNERS").read_text().splitlines()
    counting = dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    assert counting == dict.fromkeys(("/.github/", "/policies/", "/catalogs/"), "@acme/platform sec@example.com")
    assert all((tmp_path / "new" / path.strip("/")).is_dir() for path in counting)


def test_without_owners_the_file_asks_nobody_and_says_what_to_fill():
    (text,) = [file.text for file in new_repository() if file.path == ".github/CODEOWNERS"]
    assert all(line.startswith("#") for line in text.splitlines() if line)
    assert "TO FILL" in text


@pytest.mark.parametrize(
    "owner", ["acme", "@", "@acme/", "@a b", "@acme/x\n* @mallory", "@-a", "a@b", "@acme/x @y", ""]
)
def test_what_is_no_owner_is_refused_and_nothing_is_written(tmp_path, capsys, owner):
    assert run(["init", str(tmp_path / "new"), "--owner", owner]) == 2
    assert "is no @person" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


REQUIRES = (
    "boto3>=1.43.62",
    "tomli>=2; python_version < '3.11'",
    "moto[server]>=5; extra == 'sandbox'",
    'ruff; extra == "dev"',
)


def test_what_is_pinned_is_what_esmcfn_needs_with_its_sandbox_and_what_builds_it():
    wanted = ["boto3>=1.43.62", "tomli>=2; python_version < '3.11'", "moto[server]>=5", "setuptools", "wheel"]
    assert list(locking.needed(REQUIRES)) == wanted


def test_pip_is_asked_for_the_runners_that_the_workflows_name_and_installs_nothing():
    words = " ".join(locking.asked(["boto3"], constraints="c", report="r"))
    assert "--dry-run" in words
    assert f"--python-version {locking.PYTHON}" in words
    made = {file.path: file.text for file in new_repository("esmcfn == 1")}
    assert f'python-version: "{locking.PYTHON}"' in made[ACTION]
    systems = {name for text in made.values() for name in re.findall(r"runs-on: (\S+)", text)}
    assert systems == {"ubuntu-24.04"}
    assert "manylinux_2_39_x86_64" in words, "the glibc of ubuntu-24.04"


def answer(**changes):
    digest = {"archive_info": {"hashes": {"sha256": "ab" * 32}}, "url": "https://index.example/x.whl"}
    return {"metadata": {"name": "Moto_Server", "version": "5.2"}, "download_info": digest, **changes}


def test_an_answer_becomes_versions_and_digests_and_names_no_index():
    text = locking.text({"install": [answer(), answer(metadata={"name": "a", "version": "1"})]})
    digest = "ab" * 32
    lines = [f"a==1 --hash=sha256:{digest}", f"moto-server==5.2 --hash=sha256:{digest}"]
    assert [line for line in text.splitlines() if not line.startswith("#")] == lines
    assert "://" not in text


@pytest.mark.parametrize(
    "report",
    [
        None,
        [],
        {},
        {"install": []},
        {"install": [None]},
        {"install": [answer(metadata={"name": "a b", "version": "1"})]},
        {"install": [answer(metadata={"name": "a", "version": "1 --index-url x"})]},
        {"install": [answer(download_info={})]},
        {"install": [answer(download_info={"vcs_info": {}})]},
        {"install": [answer(download_info={"archive_info": {"hashes": {"md5": "ab"}}})]},
        {"install": [answer(download_info={"archive_info": {"hashes": {"sha256": "ab\n--index-url x"}}})]},
    ],
)
def test_what_has_no_digest_is_not_written_as_if_it_had_one(report):
    with pytest.raises(locking.UnlockedError):
        locking.text(report)


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
    for name in ("my-model", "Canary", "AcceleratorType", "surprise", "account and region"):
        assert name in said
    assert f"cut to {'e' * 39}" in said


USUAL = {
    "TargetValue": 5000,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}
CONCURRENT = {"PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"}


class TestScaling:
    def catalog(self, folder, **changes):
        made = carried(**changes)
        for file in made.files:
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            # A placeholder cannot be selected, so a package stands in its place.
            text = file.text.replace("my-model-EXAMPLE", "my-model-0123456789abcdef")
            (folder / file.path).write_text(text, "utf-8")
        loaded = load(folder, "dev")
        (stack,) = select(loaded.project, problems=loaded.problems).models
        return stack

    def test_bounds_without_a_policy_have_the_deployers_own(self, tmp_path):
        scaling = self.catalog(tmp_path).autoscaling
        assert (scaling.min_capacity, scaling.max_capacity, scaling.target_value) == (1, 4, 5000)
        assert (scaling.scale_in_cooldown, scaling.scale_out_cooldown) == (300, 60)
        assert scaling.metric is ScalingMetric.INVOCATIONS

    def test_a_policy_is_carried_over(self, tmp_path):
        policy = {"TargetValue": 1.5, "PredefinedMetricSpecification": CONCURRENT, "ScaleInCooldown": 900}
        scaling = self.catalog(tmp_path, targetTrackingScalingPolicyConfiguration=policy).autoscaling
        assert scaling.metric is ScalingMetric.CONCURRENT_REQUESTS
        assert (str(scaling.target_value), scaling.scale_in_cooldown) == ("1.5", 900)

    def test_a_payload_without_bounds_scales_nothing(self):
        payload = {key: value for key, value in PAYLOAD.items() if not key.startswith("autoscaling")}
        made = carried_over(json.dumps(payload), "payload.json")
        assert "autoscaling" not in made.files[0].text
        assert not [each for each in made.left if "autoscaling" in each]

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"autoscalingMinCapacity": 0}, "keeps one instance or more"),
            ({"autoscalingMinCapacity": 3}, "InitialInstanceCount 2: outside of the bounds, and 3 now"),
            ({POLICY: {**USUAL, "DisableScaleIn": True}}, "also removes instances"),
            ({POLICY: {**USUAL, "Surprise": 1}}, "Surprise: esmcfn sets no such property"),
        ],
    )
    def test_what_is_otherwise_is_named_and_what_is_written_is_valid(self, tmp_path, changes, said):
        assert any(said in each for each in carried(**changes).left)
        assert self.catalog(tmp_path, **changes).autoscaling

    @pytest.mark.parametrize(
        "changes",
        [
            {POLICY: {"TargetValue": 50, "CustomizedMetricSpecification": {}}},
            {POLICY: {"PredefinedMetricSpecification": CONCURRENT}},
            {"autoscalingMinCapacity": 5},
        ],
    )
    def test_what_cannot_be_scaled_by_is_left_out_whole(self, tmp_path, changes):
        assert any("not carried over" in each for each in carried(**changes).left)
        assert self.catalog(tmp_path, **changes).autoscaling is None

    def test_one_bound_alone_scales_nothing_and_says_so(self):
        payload = {key: value for key, value in PAYLOAD.items() if key != "autoscalingMaxCapacity"}
        made = carried_over(json.dumps(payload), "payload.json")
        assert any("nothing scales without autoscalingMaxCapacity" in each for each in made.left)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"autoscalingMinCapacity": "1"}, "autoscalingMinCapacity: it is 1, and it must be a number"),
            ({"autoscalingMaxCapacity": True}, "autoscalingMaxCapacity: it is True"),
            ({POLICY: 5}, "it must be an object"),
            ({POLICY: {**USUAL, "TargetValue": "much"}}, "TargetValue: it is much"),
            ({POLICY: {**USUAL, "ScaleInCooldown": 1e9}}, "ScaleInCooldown: it is 1000000000.0"),
        ],
    )
    def test_what_is_no_number_is_bad_input(self, changes, said):
        with pytest.raises(InputError) as raised:
            carried(**changes)
        assert said in "\n".join(map(str, raised.value.problems))
