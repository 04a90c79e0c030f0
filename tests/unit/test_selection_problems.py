"""select: every contradiction between catalog and environment, at its line, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import (
    CATALOG_TEXT,
    ENVIRONMENT_TEXT,
    a_catalog,
    a_catalog_entry,
    a_container,
    a_neighbour,
    a_project,
    a_root,
    a_selected_model,
    an_environment,
)

from esmcfn import inputs
from esmcfn.domain.project import Environment, Neighbour, Project
from esmcfn.domain.stack import Target
from esmcfn.errors import InputError, Problem
from esmcfn.selection import select


def complaints(project: Project, *problems: Problem) -> list[str]:
    try:
        select(project, problems=problems)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    return []


def in_region(region: str, **changes: object) -> Project:
    return a_project(environment=an_environment(region=region, **changes))


def test_an_unknown_selector_names_the_nearest() -> None:
    project = a_project(environment=an_environment(a_selected_model(selector="ESMC-30M")))

    assert complaints(project) == [
        "environments/dev.yaml:10:5: prototype_model: catalogs/esm.yaml has no model ESMC-30M (did you mean ESMC-300M?)"
    ]


def test_an_unknown_selector_that_is_near_to_none_names_all() -> None:
    catalog = a_catalog(a_catalog_entry(), a_catalog_entry(selector="ESMC-600M"))
    project = a_project(environment=an_environment(a_selected_model(selector="xyz")), catalog=catalog)

    assert complaints(project) == [
        "environments/dev.yaml:10:5: prototype_model: catalogs/esm.yaml has no model xyz"
        " (catalogs/esm.yaml offers ESMC-300M, ESMC-600M)"
    ]


def test_a_selector_whose_entry_is_unreadable_is_not_unknown() -> None:
    known = Problem("catalogs/esm.yaml", 3, 5, "wrong")
    project = a_project(
        environment=an_environment(a_selected_model(selector="ESM3")),
        catalog=a_catalog(unreadable=frozenset({"ESM3"})),
    )

    assert complaints(project, known) == ["catalogs/esm.yaml:3:5: wrong"]


@pytest.mark.parametrize(
    ("supported", "chosen", "complaint"),
    [
        (
            ("ml.g5.2xlarge", "ml.g5.4xlarge"),
            "ml.g5.huge",
            "ml.g5.huge is not among the supported_instance_types of ESMC-300M (did you mean ml.g5.4xlarge?)",
        ),
        (
            ("ml.g5.2xlarge", "ml.g5.4xlarge"),
            "ml.t2.medium",
            "ml.t2.medium is not among the supported_instance_types of ESMC-300M (choose ml.g5.2xlarge, ml.g5.4xlarge)",
        ),
        (
            (),
            "ml.g5.huge",
            "SageMaker is not known to host on ml.g5.huge (did you mean ml.g5.large?; if it is new, list it under"
            " supported_instance_types of ESMC-300M)",
        ),
    ],
)
def test_an_instance_type_that_is_not_offered_is_told_where_it_was_chosen(
    supported: tuple[str, ...], chosen: str, complaint: str
) -> None:
    project = a_project(
        environment=an_environment(a_selected_model(instance_type=chosen)),
        catalog=a_catalog(a_catalog_entry(supported_instance_types=supported)),
    )

    (found,) = complaints(project)

    place, _, rest = found.partition(": prototype_model: ")
    assert place == "environments/dev.yaml:11:5"
    assert rest.split(" (")[0] == complaint.split(" (")[0]
    assert rest.endswith(")")


def test_the_catalog_s_own_instance_type_is_judged_in_the_catalog() -> None:
    catalog = a_catalog(a_catalog_entry(instance_type="ml.p9.large"))

    assert complaints(a_project(catalog=catalog))[0].startswith(
        "catalogs/esm.yaml:7:5: prototype_model: ml.p9.large is not among"
    )


def test_a_new_instance_type_may_be_listed_in_the_catalog() -> None:
    catalog = a_catalog(a_catalog_entry(instance_type="ml.g99.large", supported_instance_types=("ml.g99.large",)))

    assert complaints(a_project(catalog=catalog)) == []


def test_a_placeholder_may_stand_in_the_catalog_but_not_be_selected() -> None:
    placeholder = a_catalog_entry(
        selector="ESMC-600M", packages={"us-east-2": "arn:aws:sagemaker:us-east-2:057799348421:model-package/x-EXAMPLE"}
    )
    catalog = a_catalog(a_catalog_entry(), placeholder)
    selected = an_environment(a_selected_model(selector="ESMC-600M"))

    assert complaints(a_project(catalog=catalog)) == []
    assert complaints(a_project(catalog=catalog, environment=selected)) == [
        "environments/dev.yaml:10:5: prototype_model: the model package of ESMC-600M is a placeholder"
        " (write the ARN that your subscription shows into catalogs/esm.yaml:6)"
    ]


def test_a_package_of_another_region_comes_with_the_arn_that_is_probably_meant() -> None:
    assert complaints(in_region("us-west-2")) == [
        "catalogs/esm.yaml:6:5: ESMC-300M: the model package is of us-east-2, but dev is in us-west-2"
        " (make model_package a mapping and add us-west-2: arn:aws:sagemaker:us-west-2:594846645681:model-package/"
        "esmc-300m-2024-12-6ad677e3dc243fb1b56e5787b7f93b53 (unverified))"
    ]


@pytest.mark.parametrize("region", ["ca-west-1", "xx-new-1"])
def test_where_the_marketplace_s_account_is_unknown_no_arn_is_invented(region: str) -> None:
    assert complaints(in_region(region)) == [
        f"catalogs/esm.yaml:6:5: ESMC-300M: the model package is of us-east-2, but dev is in {region}"
        f" (make model_package a mapping and add the ARN that the subscription shows for {region})"
    ]


def test_a_region_that_nobody_knows_is_perhaps_misspelt() -> None:
    (complaint,) = complaints(in_region("us-esat-2"))

    assert "(did you mean us-east-2? if not, make model_package a mapping" in complaint


def test_a_foreign_package_is_told_once_however_often_it_is_selected() -> None:
    models = [a_selected_model(key, line=line) for line, key in enumerate("abc", start=20)]

    assert len(complaints(in_region("us-west-2", selected_models=tuple(models)))) == 1


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_the_marketplace_ends_with_its_partition(region: str, partition: str) -> None:
    assert complaints(in_region(region)) == [
        f"environments/dev.yaml:3:1: ESMC-300M is a package of AWS Marketplace, which the partition {partition} lacks"
        " (choose a container, or another region)"
    ]


def test_a_container_runs_in_any_partition() -> None:
    own = a_catalog_entry(packages={}, container=a_container())

    selection = select(a_project(environment=an_environment(region="cn-north-1"), catalog=a_catalog(own)))

    assert selection.target == Target(
        account="123456789012", region="cn-north-1", partition="aws-cn", url_suffix="amazonaws.com.cn"
    )
    assert selection.models[0].package == ""
    assert selection.models[0].container == a_container()
    assert selection.models[0].execution_role_arn == "arn:aws-cn:iam::123456789012:role/esm-sagemaker-exec-dev"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"account": "12"}, "2:1: account: must be 12 digits, or sandbox, not 12"),
        ({"region": "here"}, "3:1: region: must be a region such as us-east-2, not here"),
        (
            {"iam_role_name_prefix": "1x"},
            "5:1: iam_role_name_prefix: must be letters and digits, with hyphens between them, a letter first, not 1x",
        ),
        ({"name": "dev "}, "1:1: environment: must be letters and digits, with hyphens between them, not 'dev '"),
        ({"name": ""}, "1:1: environment: must be letters and digits, with hyphens between them, not ''"),
        (
            {"name": "n" * 46},
            f"1:1: the role esm-sagemaker-exec-{'n' * 46} has 65 characters, at most 64"
            " (shorten iam_role_name_prefix or environment)",
        ),
        (
            {"name": "n" * 48, "execution_role_arn": "arn:aws:iam::1:role/x", "enable_shared_service_account": True},
            f"1:1: the user esm-shared-invoke-{'n' * 48} has 66 characters, at most 64"
            " (shorten iam_role_name_prefix or environment)",
        ),
        (
            {"enable_shared_service_account": True, "shared_service_account_name": "u" * 65},
            f"8:1: the user {'u' * 65} has 65 characters, at most 64",
        ),
        (
            {"shared_service_account_name": "a b"},
            "8:1: shared_service_account_name: must be letters, digits and +=,.@_-, not a b",
        ),
        (
            {"selected_models": (a_selected_model("a b"),)},
            "9:3: selected_models: must be letters and digits, with hyphens or underscores between them, not a b",
        ),
        (
            {"selected_models": (a_selected_model("k" * 121),)},
            f"9:3: the stack esm-dev-{'k' * 121} has 129 characters, at most 128 (shorten the key)",
        ),
    ],
)
def test_an_impossible_name_is_told_at_its_part(changes: dict[str, object], complaint: str) -> None:
    assert f"environments/dev.yaml:{complaint}" in complaints(a_project(environment=an_environment(**changes)))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"endpoint_name": "e" * 40},
            f"5:5: ESMC-300M.endpoint_name: {'e' * 40} has 40 characters, at most 39"
            " (EndpointConfig- and a hash stand beside it in a name of 63)",
        ),
        (
            {"sagemaker_model_name": "m" * 55},
            f"3:5: ESMC-300M.sagemaker_model_name: {'m' * 55} has 55 characters, at most 54"
            " (a hash stands beside it in a name of 63)",
        ),
        (
            {"endpoint_name": "e_1"},
            "5:5: ESMC-300M.endpoint_name: must be letters and digits, with hyphens between them, not e_1",
        ),
    ],
)
def test_an_impossible_name_of_the_catalog_is_told_there(changes: dict[str, object], complaint: str) -> None:
    catalog = a_catalog(a_catalog_entry(**changes))

    assert complaints(a_project(catalog=catalog)) == [f"catalogs/esm.yaml:{complaint}"]


def test_an_entry_that_nobody_selected_may_have_a_long_name() -> None:
    catalog = a_catalog(a_catalog_entry(), a_catalog_entry(selector="other", endpoint_name="e" * 63))

    assert complaints(a_project(catalog=catalog)) == []


def test_keys_that_make_the_same_stack_are_told() -> None:
    models = (a_selected_model("a_b"), a_selected_model("a-b", line=20))

    assert complaints(a_project(environment=an_environment(*models))) == [
        "environments/dev.yaml:20:3: a-b: a_b already makes the stack esm-dev-a-b (rename one of the two keys)"
    ]


@pytest.mark.parametrize(
    ("environment", "neighbour", "place", "what"),
    [
        (
            an_environment(a_selected_model("eu")),
            a_neighbour(name="dev-eu", account="sandbox"),
            "environments/dev.yaml:9:3",
            "the stack esm-dev-eu would also be dev-eu's",
        ),
        (
            an_environment(a_selected_model("eu_x")),
            a_neighbour(name="dev-eu", account="sandbox", keys=("x",)),
            "environments/dev.yaml:9:3",
            "the stack esm-dev-eu-x would also be dev-eu's",
        ),
        (
            an_environment(iam_role_name_prefix="esm-a"),
            a_neighbour(name="a-dev", account="sandbox", keys=()),
            "environments/dev.yaml:1:1",
            "the stack esm-a-dev would also be a-dev's",
        ),
        (
            an_environment(),
            a_neighbour(name="d", account="sandbox", keys=(), iam_role_name_prefix="esm-dev-prototype"),
            "",
            "",
        ),
        (
            an_environment(enable_shared_service_account=True, shared_service_account_name="Invoker"),
            a_neighbour(
                account="sandbox",
                region="eu-west-1",
                enable_shared_service_account=True,
                shared_service_account_name="invoker",
            ),
            "environments/dev.yaml:1:1",
            "the IAM name Invoker would also be staging's",
        ),
        (
            an_environment(a_selected_model("eu")),
            a_neighbour(name="dev-eu", account="sandbox", region="eu-west-1"),
            "",
            "",
        ),
    ],
)
def test_environments_whose_names_would_meet_are_told(
    environment: Environment, neighbour: Neighbour, place: str, what: str
) -> None:
    found = complaints(a_project(environment=environment, neighbours=(neighbour,)))

    assert [complaint.split(", in the same account")[0] for complaint in found] == (
        [f"{place}: {what}"] if what else []
    )


def test_neighbours_are_seen_through_the_files(tmp_path: Path) -> None:
    root = a_root(
        tmp_path,
        environment=ENVIRONMENT_TEXT.replace("prototype_model", "eu"),
        files={"environments/dev-eu.yaml": ENVIRONMENT_TEXT.replace("environment: dev", "environment: dev-eu")},
    )

    for name, place in (("dev", "environments/dev.yaml:11:3"), ("dev-eu", "environments/dev-eu.yaml:1:1")):
        loaded = inputs.load(root, name)
        assert [found.split(": ")[0] for found in complaints(loaded.project, *loaded.problems)] == [place]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role_arn": "arn:aws:iam::999999999999:role/x"}, "role_arn"),
        ({"execution_role_arn": "arn:aws:iam::999999999999:role/x"}, "execution_role_arn"),
    ],
)
def test_a_role_of_another_account_is_told(changes: dict[str, str], field: str) -> None:
    environment = an_environment(account="111122223333", **changes)

    assert complaints(a_project(environment=environment)) == [
        f"environments/dev.yaml:1:1: {field}: arn:aws:iam::999999999999:role/x is of the account 999999999999,"
        " the environment is in 111122223333"
    ]


def test_every_contradiction_is_told_at_once_and_after_what_was_known() -> None:
    project = a_project(
        environment=an_environment(
            a_selected_model("a_b", selector="nope"),
            a_selected_model("a-b", line=20, instance_type="ml.huge.huge"),
            region="",
            tags={"aws:x": "y"},
        )
    )
    known = Problem("environments/dev.yaml", 3, 1, "region: wrong")

    assert [complaint.split(": ")[0] for complaint in complaints(project, known)] == [
        "environments/dev.yaml:3:1",
        "environments/dev.yaml:6:1",
        "environments/dev.yaml:10:5",
        "environments/dev.yaml:20:3",
        "environments/dev.yaml:22:5",
    ]


def test_a_field_that_could_not_be_read_is_no_reason_for_a_second_problem(tmp_path: Path) -> None:
    text = ENVIRONMENT_TEXT
    for old, new in (
        ("us-east-2", "here"),
        ("prefix: esm", "prefix: 1"),
        ("sandbox", "7"),
        ("prototype_model", '"a b"'),
    ):
        text = text.replace(old, new)
    loaded = inputs.load(a_root(tmp_path, environment=text, catalog=CATALOG_TEXT.replace("ml.g5", "g5")), "dev")

    assert len(loaded.problems) == 5
    assert complaints(loaded.project, *loaded.problems) == sorted(map(str, loaded.problems), key=_place)


def _place(complaint: str) -> tuple[str, int]:
    file, line, *_ = complaint.split(":")
    return file, int(line)
