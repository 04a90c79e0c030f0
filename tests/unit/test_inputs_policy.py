"""policies/*.yaml over the package's defaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import a_root

from esmcfn import inputs
from esmcfn.domain.finding import Level
from esmcfn.domain.project import Policy
from esmcfn.errors import InputError
from esmcfn.inputs.checks import OURS


def policy(root: Path) -> Policy:
    loaded = inputs.load(root, "dev")
    assert loaded.problems == ()
    return loaded.project.policy


def complaints(folder: Path, **texts: str) -> list[str]:
    files = {f"policies/{name}.yaml": text for name, text in texts.items()}
    return [str(problem) for problem in inputs.load(a_root(folder, files=files), "dev").problems]


def test_a_root_without_policies_has_the_package_s_own(tmp_path: Path) -> None:
    own = policy(a_root(tmp_path))

    assert own.limits["max_instance_count"] == 8
    assert own.digest.startswith("sha256:")


def test_a_root_overrides_by_name_and_keeps_the_rest(tmp_path: Path) -> None:
    own = policy(a_root(tmp_path / "own"))
    files = {
        "policies/levels.yaml": "levels: {E3012: advisory, CKV_AWS_149: hard}\n",
        "policies/limits.yaml": "limits: {max_instance_count: 2}\n",
    }

    changed = policy(a_root(tmp_path / "changed", files=files))

    assert changed.levels == {**own.levels, "E3012": Level.ADVISORY, "CKV_AWS_149": Level.HARD}
    assert changed.limits == {**own.limits, "max_instance_count": 2}
    assert changed.digest != own.digest


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "policies/a.yaml:1:1: the file is empty (write what it is to say, or delete it)"),
        ("level: {}\n", "policies/a.yaml:1:1: level: unknown key (did you mean levels?)"),
        (
            "levels: {ESM001: hrad}\n",
            "policies/a.yaml:1:10: levels.ESM001: must be advisory, soft or hard, not hrad (did you mean hard?)",
        ),
        (
            "levels:\n  ESM001: off\n",
            "policies/a.yaml:2:3: levels.ESM001: must be advisory, soft or hard, but YAML reads off as a truth value",
        ),
        (
            "levels: {a b: hard}\n",
            "policies/a.yaml:1:10: levels: a key must be a rule's id such as ESM001, E3012 or CKV_AWS_149, not a b",
        ),
        (
            "levels: {esm001: advisory}\n",
            "policies/a.yaml:1:10: levels: a key must be a rule's id such as ESM001, E3012 or CKV_AWS_149, not esm001"
            " (did you mean ESM001?)",
        ),
        (
            "levels: {ckv_aws_149: advisory}\n",
            "policies/a.yaml:1:10: levels: a key must be a rule's id such as ESM001, E3012 or CKV_AWS_149,"
            " not ckv_aws_149 (did you mean CKV_AWS_149?)",
        ),
        *(
            (
                f"levels: {{{rule}: advisory}}\n",
                "policies/a.yaml:1:10: levels: a key must be a rule's id such as ESM001, E3012 or CKV_AWS_149,"
                f" not {rule}",
            )
            for rule in ("ESM9999", "ESM01", "E1", "ESMCFN-CHECKOV", "ESMCFN-LEVELS", "CKV_149", "KCV_AWS_149")
        ),
        (
            "production: dev\n",
            "policies/a.yaml:1:1: production: must be a list, not the text dev",
        ),
        (
            "environments:\n  dev:\n    limits: {max_instnce_count: 1}\n",
            "policies/a.yaml:3:14: limits.max_instnce_count: no rule knows this limit"
            " (did you mean max_instance_count?)",
        ),
        (
            "environments: {dev: {level: {}}}\n",
            "policies/a.yaml:1:22: environments.dev.level: unknown key (did you mean levels?)",
        ),
        (
            "allowed_registries: [owm]\n",
            'policies/a.yaml:1:22: allowed_registries: must be an account\'s 12 digits in quotes, or "own", not owm'
            " (did you mean own?)",
        ),
        (
            "allowed_instance_types: []\n",
            "policies/a.yaml:1:1: allowed_instance_types: the list is empty and would allow nothing"
            " (leave the key out to allow all)",
        ),
        (
            "environments:\n  dev: {allowed_registries: []}\n",
            "policies/a.yaml:2:9: environments.dev.allowed_registries: the list is empty and would allow nothing"
            " (leave the key out to keep what stands above)",
        ),
        (
            "quotas: {g5.2xlarge: 1}\n",
            "policies/a.yaml:1:10: quotas: a key must be an instance type such as ml.g5.2xlarge, not g5.2xlarge"
            " (did you mean ml.g5.2xlarge?)",
        ),
        (
            "limits:\n  max_instance_cuont: 3\n",
            "policies/a.yaml:2:3: limits.max_instance_cuont: no rule knows this limit"
            " (did you mean max_instance_count?)",
        ),
        (
            "limits: {max_instance_count: many}\n",
            "policies/a.yaml:1:10: limits.max_instance_count: must be a whole number, 0 or more, not the text many",
        ),
        (
            "limits: {max_instance_count: -1}\n",
            "policies/a.yaml:1:10: limits.max_instance_count: must be a whole number, 0 or more, not -1",
        ),
    ],
)
def test_a_wrong_policy_is_told_at_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in complaints(tmp_path, a=text)


def test_what_one_environment_is_told_wins_there_and_nowhere_else(tmp_path: Path) -> None:
    files = {
        "policies/levels.yaml": (
            "levels: {ESM001: soft, ESM012: soft}\nrequired_tags: [Project]\nproduction: [d*]\n"
            "environments:\n"
            "  dev: {levels: {ESM012: hard}, required_tags: [Team], limits: {max_instance_count: 3}}\n"
            "  qa: {levels: {ESM001: hard}, quotas: {ml.g5.xlarge: 1}}\n"
        )
    }
    own = policy(a_root(tmp_path, files=files))

    assert (own.levels["ESM001"], own.levels["ESM012"]) == (Level.SOFT, Level.HARD)
    assert (own.required_tags, own.limits["max_instance_count"], own.quotas) == (("Team",), 3, {})
    assert own.production
    assert set(own.named) >= {"ESM001", "ESM012"}
    assert own.mentioned == ("dev", "qa", "d*")


def test_a_list_or_an_environment_s_level_that_two_files_set_is_told(tmp_path: Path) -> None:
    one = "required_tags: [A]\nenvironments: {dev: {levels: {ESM001: soft}}}\n"
    assert sorted(complaints(tmp_path, a=one, b=one)) == [
        "policies/b.yaml:1:1: required_tags: already set in policies/a.yaml (remove one of them)",
        "policies/b.yaml:2:31: environments.dev.levels.ESM001: already set in policies/a.yaml (remove one of them)",
    ]


def test_a_name_that_two_files_set_is_told(tmp_path: Path) -> None:
    assert complaints(tmp_path, a="levels: {E1001: hard}\n", b="levels:\n  E1001: soft\n") == [
        "policies/b.yaml:2:3: levels.E1001: already set in policies/a.yaml (remove one of them)"
    ]


def a_check(rule: str = "CKV2_ACME_1", operator: str = "exists") -> str:
    return (
        f"metadata:\n  id: {rule}\n  name: a model has a network\n  category: NETWORKING\n"
        "definition:\n  cond_type: attribute\n  resource_types: [AWS::SageMaker::Model]\n"
        f"  attribute: VpcConfig\n  operator: {operator}\n"
    )


def test_the_digest_follows_the_root_s_own_checks(tmp_path: Path) -> None:
    one = {"policies/checkov/one.yaml": a_check()}
    checks = {
        **one,
        "policies/checkov/deep/two.json": '{"metadata": {"id": "CKV2_ACME_2", "name": "b", "category":'
        ' "NETWORKING"}, "definition": {"cond_type": "resource", "operator": "exists"}}',
    }
    digests = {
        policy(a_root(tmp_path / "none")).digest,
        policy(a_root(tmp_path / "both", files=checks)).digest,
        policy(
            a_root(tmp_path / "changed", files={**checks, "policies/checkov/one.yaml": a_check(operator="is_empty")})
        ).digest,
        policy(a_root(tmp_path / "renamed", files={"policies/checkov/eno.yaml": a_check()})).digest,
    }

    assert len(digests) == 4
    assert policy(a_root(tmp_path / "again", files=checks)).digest in digests


def test_a_check_from_outside_of_the_root_is_refused(tmp_path: Path) -> None:
    root = a_root(tmp_path / "root", files={"policies/checkov/one.yaml": a_check()})
    (tmp_path / "two.yaml").write_text("2\n")
    (root / "policies/checkov/two.yaml").symlink_to(tmp_path / "two.yaml")

    assert [str(problem) for problem in inputs.load(root, "dev").problems] == [
        "policies/checkov/two.yaml:1:1: the file lies outside of the root"
    ]


@pytest.mark.parametrize("name", ["__init__.py", "deep/evil.PY", "fast.so"])
def test_a_program_among_the_checks_is_refused_by_its_name(name: str, tmp_path: Path) -> None:
    root = a_root(tmp_path, files={f"policies/checkov/{name}": "raise SystemExit(1)\n"})

    (problem,) = inputs.load(root, "dev").problems

    assert (problem.file, problem.line) == (f"policies/checkov/{name}", 1)
    assert "no program of the repository" in problem.message


def test_what_python_left_behind_is_no_check(tmp_path: Path) -> None:
    left = {"policies/checkov/__pycache__/one.cpython-311.pyc": "x"}

    assert policy(a_root(tmp_path / "a")).digest == policy(a_root(tmp_path / "b", files=left)).digest


@pytest.mark.parametrize("linked", ["policies/levels.yaml", "policies/checkov/own.yaml", "policies/checkov/more"])
def test_what_a_link_leads_to_is_no_policy(tmp_path: Path, linked: str) -> None:
    root = a_root(tmp_path, files={"notes/own.yaml": "levels: {}\n"})
    (root / linked).parent.mkdir(parents=True, exist_ok=True)
    (root / linked).symlink_to(root / "notes" / ("" if linked.endswith("more") else "own.yaml"))
    (problem,) = inputs.load(root, "dev").problems
    assert problem.file == linked
    assert f"reached by a link ({linked})" in problem.message


SHAPE = "; checkov leaves the file out otherwise"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.yaml", "", "a.yaml:1:1: the file is empty (write what it is to say, or delete it)"),
        ("a.yaml", "- a\n", "a.yaml:1:1: the file must be a mapping of keys to values, not a list"),
        ("a.json", "{", "a.json:2:1: not YAML"),
        (
            "A.YAML",
            a_check(),
            "A.YAML:1:1: checkov does not read it: a check ends in .yaml, .yml or .json, in small"
            " letters (rename it to A.yaml)",
        ),
        (
            "a.yaml",
            a_check().replace("  category: NETWORKING\n", ""),
            f"a.yaml:1:1: metadata.category: is missing{SHAPE}",
        ),
        ("a.yaml", a_check().replace("  id: CKV2_ACME_1\n", ""), f"a.yaml:1:1: metadata.id: is missing{SHAPE}"),
        ("a.yaml", a_check().replace("a model has a network", "5"), f"a.yaml:3:3: metadata.name: must be text{SHAPE}"),
        (
            "a.yaml",
            "metadata: a\ndefinition: {}\n",
            "a.yaml:1:1: metadata: must be a mapping with id, name and category",
        ),
        ("a.yaml", a_check().split("definition")[0], f"a.yaml:1:1: definition: is missing{SHAPE}"),
        (
            "a.yaml",
            a_check().split("definition")[0] + "definition: []\n",
            f"a.yaml:5:1: definition: must say something, as a mapping{SHAPE}",
        ),
        *(
            (
                "a.yaml",
                a_check(rule),
                f"a.yaml:2:3: metadata.id: {rule} can be neither levelled nor waived (a check of"
                " your own is called CKV2_ACME_1: capitals and digits in three parts or more)",
            )
            for rule in ("ESM001", "ACME_1", "ckv2_x_1", "CKV_AWS_149", "CKV2_ACME", "CKV2_ACME_a")
        ),
    ],
)
def test_a_check_that_checkov_would_drop_in_silence_is_told_at_its_line(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    root = a_root(tmp_path, files={f"policies/checkov/{name}": text})

    told = [str(problem) for problem in inputs.load(root, "dev").problems]

    assert any(each.startswith(f"policies/checkov/{complaint}") for each in told), told


def test_two_checks_of_one_id_are_told(tmp_path: Path) -> None:
    files = {f"policies/checkov/{name}.yaml": a_check() for name in ("a", "b")}

    (problem,) = inputs.load(a_root(tmp_path, files=files), "dev").problems

    assert problem.file == "policies/checkov/b.yaml"
    assert "CKV2_ACME_1 is already that of policies/checkov/a.yaml" in problem.message


def test_notes_beside_the_checks_are_no_checks(tmp_path: Path) -> None:
    files = {"policies/checkov/README.md": "# ours\n", "policies/checkov/.gitkeep": "", "policies/notes/why.md": "\n"}

    assert policy(a_root(tmp_path, files=files)).checks == {}


def test_a_copy_of_the_package_s_check_is_no_check_of_the_root_s_own_however_it_is_laid_out(tmp_path: Path) -> None:
    text = (OURS / "CKV2_ESM_3.yaml").read_text("utf-8")
    other = text.replace("cond_type: attribute", "cond_type:   attribute")
    weaker = text.replace("operator: not_exists", "operator: exists")
    folders = {"same": text, "windows": text.replace("\n", "\r\n"), "spaced": f"# ours\n{other}", "weaker": weaker}

    own = {
        name: set(policy(a_root(tmp_path / name, files={"policies/checkov/CKV2_ESM_3.yaml": said})).checks)
        for name, said in folders.items()
    }

    assert own == {"same": set(), "windows": set(), "spaced": set(), "weaker": {"CKV2_ESM_3"}}


@pytest.mark.parametrize(
    ("misplaced", "told"),
    [
        (
            "policies/levels.yml",
            "policies/levels.yml:1:1: the file is not read: its name does not end in .yaml"
            " (rename levels.yml to levels.yaml)",
        ),
        ("policies/LEVELS.YAML", "(rename LEVELS.YAML to LEVELS.yaml)"),
        ("policies/waivers.yml", "(rename waivers.yml to waivers.yaml)"),
        (
            "policies/sub/levels.yaml",
            "policies/sub/levels.yaml:1:1: the file is not read: of the folders in policies/ only policies/checkov is"
            " (move it to policies/, or out of it where it is another tool's)",
        ),
        ("policies/sub/deeper/levels.yml", "policies/sub/deeper/levels.yml:1:1: the file is not read"),
        (
            "policies/Checkov/a.json",
            "policies/Checkov: the folder is not read: it has to be called policies/checkov (rename it to checkov)",
        ),
        ("environments/dev.yml", "(move what it says into dev.yaml, and remove it)"),
    ],
)
def test_a_file_that_nobody_would_read_is_told(tmp_path: Path, misplaced: str, told: str) -> None:
    root = a_root(tmp_path, files={misplaced: "levels: {ESM001: advisory}\n"})

    (problem,) = inputs.load(root, "dev").problems

    assert told in str(problem)


@pytest.mark.parametrize("hidden", ["policies/.#levels.yaml", "policies/.git/levels.yaml", "environments/.dev.yml"])
def test_what_is_hidden_belongs_to_editors_and_other_tools(tmp_path: Path, hidden: str) -> None:
    assert inputs.load(a_root(tmp_path, files={hidden: "x: 1\n"}), "dev").problems == ()


def test_an_environment_whose_file_is_misnamed_is_one_of_all_and_says_so(tmp_path: Path) -> None:
    root = a_root(tmp_path, files={"environments/prod.YML": "environment: prod\n"})

    assert inputs.environment_names(root) == ("dev", "prod")
    with pytest.raises(InputError) as raised:
        inputs.load(root, "prod")
    assert "rename prod.YML to prod.yaml" in str(raised.value.problems[0])
    assert inputs.load(root, "dev").problems == ()
