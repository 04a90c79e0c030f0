"""policies/*.yaml over the package's defaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import a_root

from esmcfn import inputs
from esmcfn.domain.finding import Level
from esmcfn.domain.project import Policy


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


def test_the_digest_follows_the_root_s_own_checks(tmp_path: Path) -> None:
    checks = {"policies/checkov/one.yaml": "1\n", "policies/checkov/deep/two.yaml": "2\n"}
    digests = {
        policy(a_root(tmp_path / "none")).digest,
        policy(a_root(tmp_path / "both", files=checks)).digest,
        policy(a_root(tmp_path / "changed", files={**checks, "policies/checkov/one.yaml": "3\n"})).digest,
        policy(a_root(tmp_path / "renamed", files={"policies/checkov/eno.yaml": "1\n"})).digest,
    }

    assert len(digests) == 4
    assert policy(a_root(tmp_path / "again", files=checks)).digest in digests


def test_a_check_from_outside_of_the_root_is_refused(tmp_path: Path) -> None:
    root = a_root(tmp_path / "root", files={"policies/checkov/one.yaml": "1\n"})
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
