"""load: a root's YAML -> Project, with everything that is wrong at its file, line and column."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, PACKAGE, a_root

from esmcfn import documents, inputs
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Container, ExecutionRoleSettings
from esmcfn.errors import InputError

REPOSITORY = Path(__file__).parents[2]


IMAGE = f"123456789012.dkr.ecr.us-east-2.amazonaws.com/esm@sha256:{'0' * 64}"


def complaints(root: Path, name: str = "dev") -> list[str]:
    try:
        return sorted(map(str, inputs.load(root, name).problems))
    except InputError as error:
        return list(map(str, error.problems))


def with_environment(folder: Path, *changes: tuple[str, str]) -> Path:
    return a_root(folder, environment=_changed(ENVIRONMENT_TEXT, changes))


def with_catalog(folder: Path, *changes: tuple[str, str]) -> Path:
    return a_root(folder, catalog=_changed(CATALOG_TEXT, changes))


def _changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_everything_wrong_in_all_files_is_told_at_once(tmp_path: Path) -> None:
    root = a_root(
        tmp_path,
        environment=ENVIRONMENT_TEXT.replace("us-east-2", "here").replace("sandbox", "mine"),
        catalog=CATALOG_TEXT.replace("instance_count: 1", "instance_count: -1"),
        files={"policies/a.yaml": "levels: {E1001: harsh}\n"},
    )

    assert [complaint.split(": ")[0] for complaint in complaints(root)] == [
        "catalogs/esm.yaml:8:5",
        "environments/dev.yaml:2:1",
        "environments/dev.yaml:3:1",
        "policies/a.yaml:1:10",
    ]


def test_what_the_reader_refused_is_not_told_again_by_the_judge(tmp_path: Path) -> None:
    text = ENVIRONMENT_TEXT.replace("us-east-2", "!Ref Region").replace("esm-partner", "*nobody")

    assert complaints(a_root(tmp_path, environment=text)) == [
        "environments/dev.yaml:3:9: the tag !Ref is not supported (write a plain value)",
        "environments/dev.yaml:7:12: the alias *nobody has no anchor above it",
    ]


def test_a_broken_entry_is_unreadable_and_not_unknown(tmp_path: Path) -> None:
    loaded = inputs.load(with_catalog(tmp_path, ("instance_count: 1", "instance_count: 0")), "dev")

    assert loaded.project.catalog.unreadable == {"ESMC-300M"}
    assert loaded.project.catalog.entries == {}


@pytest.mark.parametrize("catalog", ["", "- a\n", "models: [\n", "a: &a [*a]\n"])
def test_of_a_catalog_that_is_no_yaml_no_selector_is_unknown(tmp_path: Path, catalog: str) -> None:
    loaded = inputs.load(a_root(tmp_path, catalog=catalog), "dev")

    assert [problem.file for problem in loaded.problems] == ["catalogs/esm.yaml"]
    assert loaded.project.catalog.unreadable == {"ESMC-300M"}


def test_the_terraform_module_s_catalog_loads_unchanged(tmp_path: Path) -> None:
    (entry,) = inputs.load(a_root(tmp_path), "dev").project.catalog.entries.values()

    assert (entry.selector, entry.forge_model_name) == ("ESMC-300M", "esmc-300m-2024-12")
    assert entry.packages == {"us-east-2": PACKAGE}
    assert (entry.instance_type, entry.instance_count) == ("ml.g5.2xlarge", 1)
    assert entry.origins.of("model_package") == Origin("catalogs/esm.yaml", 6, 5)


def test_an_entry_may_say_more(tmp_path: Path) -> None:
    catalog = CATALOG_TEXT.replace(f'"{PACKAGE}"', f'{{us-east-2: "{PACKAGE}"}}') + (
        "    supported_instance_types: [ml.g5.2xlarge, ml.g6.xlarge]\n"
        "    software_usd_per_hour: 1.10\n"
        "    marketplace_product_id: prod-abc123\n"
        "    description: Embeddings.\n"
    )

    (entry,) = inputs.load(a_root(tmp_path, catalog=catalog), "dev").project.catalog.entries.values()

    assert entry.packages == {"us-east-2": PACKAGE}
    assert entry.supported_instance_types == ("ml.g5.2xlarge", "ml.g6.xlarge")
    assert entry.software_usd_per_hour == Decimal("1.10")
    assert (entry.marketplace_product_id, entry.description) == ("prod-abc123", "Embeddings.")
    assert entry.origins.of("model_package.us-east-2") == Origin("catalogs/esm.yaml", 6, 21)


@pytest.mark.parametrize("written", ["1.10", '"1.10"', "2", '"2"'])
def test_money_is_read_as_it_is_written(tmp_path: Path, written: str) -> None:
    catalog = f"{CATALOG_TEXT}    software_usd_per_hour: {written}\n"

    loaded = inputs.load(a_root(tmp_path, catalog=catalog), "dev")

    entry = loaded.project.catalog.entries["ESMC-300M"]
    assert str(entry.software_usd_per_hour) == written.strip('"')


def test_an_entry_may_be_a_container(tmp_path: Path) -> None:
    catalog = CATALOG_TEXT.replace(
        f'model_package: "{PACKAGE}"',
        f"container: {{image: '{IMAGE}', model_data: s3://bucket/m.tar.gz, environment: {{A: 'b'}}}}",
    )

    loaded = inputs.load(a_root(tmp_path, catalog=catalog), "dev")

    entry = loaded.project.catalog.entries["ESMC-300M"]
    assert loaded.problems == ()
    assert entry.packages == {}
    assert entry.container == Container(image=IMAGE, model_data="s3://bucket/m.tar.gz", environment={"A": "b"})


def test_a_variable_of_a_container_knows_its_own_line(tmp_path: Path) -> None:
    container = f"container:\n      image: {IMAGE}\n      environment:\n        A: b\n        LOG_LEVEL: info"
    catalog = CATALOG_TEXT.replace(f'model_package: "{PACKAGE}"', container)

    origins = inputs.load(a_root(tmp_path, catalog=catalog), "dev").project.catalog.entries["ESMC-300M"].origins

    assert origins.of("container.image") == Origin("catalogs/esm.yaml", 7, 7)
    assert origins.of("container.environment.LOG_LEVEL") == Origin("catalogs/esm.yaml", 10, 9)


def test_an_environment_is_read_whole(tmp_path: Path) -> None:
    more = (
        "    parked: true\n"
        "    instance_count: 2\n"
        "profile: esm-dev\n"
        "role_arn: arn:aws:iam::123456789012:role/deploy\n"
        "execution_role:\n"
        "  managed_policies: [AmazonSageMakerFullAccess]\n"
        "  permissions_boundary: arn:aws:iam::123456789012:policy/edge\n"
        "  path: /esm/\n"
        "budget: {usd_per_month: 2000.50}\n"
        "termination_protection: true\n"
    )

    loaded = inputs.load(a_root(tmp_path, environment=ENVIRONMENT_TEXT + more), "dev")

    environment = loaded.project.environment
    assert loaded.problems == ()
    assert (environment.name, environment.account, environment.region) == ("dev", "sandbox", "us-east-2")
    assert environment.tags == {"Project": "esm-partner"}
    assert environment.execution_role == ExecutionRoleSettings(
        managed_policies=("AmazonSageMakerFullAccess",),
        permissions_boundary="arn:aws:iam::123456789012:policy/edge",
        path="/esm/",
    )
    assert environment.budget_usd_per_month == Decimal("2000.50")
    assert environment.termination_protection is True
    assert environment.profile == "esm-dev"
    (model,) = environment.selected_models
    assert (model.key, model.selector, model.instance_type) == (
        "prototype_model",
        "ESMC-300M",
        "ml.g5.2xlarge",
    )
    assert (model.instance_count, model.parked) == (2, True)
    assert model.origins.at == Origin("environments/dev.yaml", 11, 3)
    assert model.origins.of("instance_count") == Origin("environments/dev.yaml", 15, 5)
    assert environment.origins.of("execution_role.path").line == 21


def test_a_budget_may_be_a_number(tmp_path: Path) -> None:
    loaded = inputs.load(a_root(tmp_path, environment=ENVIRONMENT_TEXT + "budget: 500\n"), "dev")

    assert loaded.problems == ()
    assert loaded.project.environment.budget_usd_per_month == Decimal(500)
    assert not loaded.project.environment.budget_soft


@pytest.mark.parametrize(("level", "soft"), [("soft", True), ("hard", False)])
def test_a_budget_is_soft_or_hard(tmp_path: Path, level: str, soft: bool) -> None:
    text = f"{ENVIRONMENT_TEXT}budget:\n  usd_per_month: 500\n  level: {level}\n"
    loaded = inputs.load(a_root(tmp_path, environment=text), "dev")

    assert loaded.problems == ()
    assert loaded.project.environment.budget_soft is soft


def test_a_budget_of_another_level_is_told_on_its_line(tmp_path: Path) -> None:
    text = f"{ENVIRONMENT_TEXT}budget:\n  usd_per_month: 500\n  level: sofd\n"
    (problem,) = inputs.load(a_root(tmp_path, environment=text), "dev").problems
    assert "budget.level: must be soft or hard, not sofd (did you mean soft?)" in str(problem)


@pytest.mark.parametrize("nothing", ["", "~", "null", '""'])
def test_nothing_is_no_override_as_in_the_terraform_module(tmp_path: Path, nothing: str) -> None:
    root = with_environment(tmp_path, ("instance_type: ml.g5.2xlarge", f"instance_type: {nothing}"))

    (model,) = (loaded := inputs.load(root, "dev")).project.environment.selected_models

    assert loaded.problems == ()
    assert model.instance_type is None
    assert "instance_type" not in model.origins.keys


def test_no_selected_model_must_be_said(tmp_path: Path) -> None:
    empty = ENVIRONMENT_TEXT[: ENVIRONMENT_TEXT.index("selected_models")]

    nothing = complaints(a_root(tmp_path, environment=f"{empty}selected_models:\n"))
    none = complaints(a_root(tmp_path, environment=f"{empty}selected_models: {{}}\n"))

    assert nothing == [
        "environments/dev.yaml:10:1: selected_models: has no value"
        " (it must be a mapping of keys of your own to models ({} for none))"
    ]
    assert none == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("dve", "environments/: there is no environment dve (did you mean dev?)"),
        ("x", "environments/: there is no environment x (there are dev, staging)"),
        ("../dev", "environments/: there is no environment ../dev (did you mean dev?)"),
        ("old", "environments/: there is no environment old (rename old.yml to old.yaml)"),
    ],
)
def test_an_unknown_environment_names_the_nearest(tmp_path: Path, name: str, complaint: str) -> None:
    root = a_root(tmp_path, files={"environments/staging.yaml": "a: 1\n", "environments/old.yml": "a: 1\n"})

    with pytest.raises(InputError) as raised:
        inputs.load(root, name)

    assert [str(problem) for problem in raised.value.problems] == [complaint]


def test_a_folder_without_environments_says_how_to_begin(tmp_path: Path) -> None:
    assert complaints(tmp_path) == [
        "environments/: there is no environment dev (esmcfn init writes a first one; --root names the folder)"
    ]
    assert inputs.environment_names(tmp_path) == ()


def test_a_root_that_is_nowhere_is_named_and_not_the_environment(tmp_path: Path) -> None:
    assert complaints(tmp_path / "nope") == [
        f"{tmp_path}/nope: there is no such folder (--root or ESMCFN_ROOT names the one with environments/)"
    ]


def test_what_is_about_a_folder_has_no_line_for_machines_either(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        inputs.load(tmp_path, "dve")
    (problem,) = documents.error(raised.value)["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == ("environments/", None, None)
    assert "lines named above" not in raised.value.next_step


def test_environments_are_the_yaml_files_in_order_misnamed_ones_too(tmp_path: Path) -> None:
    files = {f"environments/{name}": "a: 1\n" for name in ("b.yaml", "a.yaml", ".c.yaml", "d.yml", "e.yaml.bak")}

    assert inputs.environment_names(a_root(tmp_path, files=files)) == ("a", "b", "d", "dev")


def test_an_environment_that_is_no_yaml_is_all_there_is_to_say(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        inputs.load(a_root(tmp_path, environment="a: [\n"), "dev")

    assert [(problem.file, problem.line) for problem in raised.value.problems] == [("environments/dev.yaml", 2)]


def test_neighbours_are_read_leniently_and_only_of_the_same_account(tmp_path: Path) -> None:
    staging = "account: sandbox\nregion: us-west-2\nselected_models: {a: 1, b: }\nnonsense: true\n"
    root = a_root(
        tmp_path,
        files={
            "environments/staging.yaml": staging,
            "environments/other.yaml": ENVIRONMENT_TEXT.replace("sandbox", '"111122223333"'),
            "environments/broken.yaml": "a: [\n",
        },
    )

    loaded = inputs.load(root, "dev")

    assert loaded.problems == ()
    (neighbour,) = loaded.project.neighbours
    assert (neighbour.name, neighbour.path) == ("staging", "environments/staging.yaml")
    assert (neighbour.region, neighbour.iam_role_name_prefix) == ("us-west-2", "esm")
    assert neighbour.keys == ("a", "b")


def test_a_neighbours_moved_model_is_known_by_what_its_stack_is_named_by(tmp_path: Path) -> None:
    staging = "account: sandbox\nselected_models: {new: {moved_from: old}, b: {moved_from: 1}}\n"
    loaded = inputs.load(a_root(tmp_path, files={"environments/staging.yaml": staging}), "dev")

    assert loaded.project.neighbours[0].keys == ("old", "b")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("1", "must be the key that it was deployed under, but YAML reads 1 as a number"),
        ("a b", "must be the key that it was deployed under, not a b"),
        ("[a]", "must be the key that it was deployed under"),
    ],
)
def test_moved_from_is_a_key(tmp_path: Path, written: str, complaint: str) -> None:
    text = ENVIRONMENT_TEXT.replace("selector: ESMC-300M", f"selector: ESMC-300M\n    moved_from: {written}")
    loaded = inputs.load(a_root(tmp_path, environment=text), "dev")

    (problem,) = loaded.problems
    assert (problem.file, problem.line, problem.column) == ("environments/dev.yaml", 13, 5)
    assert complaint in problem.message


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        *((".", name) for name in ("dev", "staging", "prod")),
        *((f"examples/{example}", "dev") for example in ("basic", "basic_shared_user", "multi_model")),
    ],
)
def test_what_is_shipped_is_right(folder: str, name: str) -> None:
    assert complaints(REPOSITORY / folder, name) == []
