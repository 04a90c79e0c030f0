"""`esmcfn changed`: what counts is what is built, and nothing of a commit is executed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from esmcfn.cli.program import run

REPOSITORY = Path(__file__).parents[2]


def git(folder, *words):
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it stands", "--no-verify")


@pytest.fixture
def root(tmp_path):
    """The shipped environments in a repository of their own, in a folder of it."""
    for name in ("catalogs", "environments", "policies"):
        shutil.copytree(REPOSITORY / name, tmp_path / "sub" / name)
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path / "sub"


@pytest.fixture
def changed(root, capsys):
    def ask(*words, base="HEAD"):
        assert run(["--root", str(root), "changed", "--base", base, "-f", "json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def edit(root, old, new, file="environments/dev.yaml"):
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("base", ["nope", "--output=x", "", "HEAD\0", "main:sub", "f" * 40])
def test_a_ref_that_git_does_not_know_is_a_usage_error_with_a_next_step(root, capsys, base):
    assert run(["--root", str(root), "changed", "--base", base, "-f", "json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "esmcfn.error/v1"
    assert document["next_step"]


def test_a_folder_that_is_no_repository_is_a_usage_error(tmp_path_factory, capsys, monkeypatch):
    folder = tmp_path_factory.mktemp("bare")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    assert run(["--root", str(folder), "changed", "--base", "HEAD"]) == 2
    assert "no git repository" in capsys.readouterr().err


def test_without_git_it_says_so(root, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(root))
    assert run(["--root", str(root), "changed", "--base", "HEAD"]) == 2
    assert "git is not installed" in capsys.readouterr().err


def test_nothing_of_the_commit_or_the_repository_is_executed(root, changed):
    top, proof = root.parent, root / "executed"
    script = top / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {proof}\ncat\n")
    script.chmod(0o755)
    (root / ".gitattributes").write_text("*.yaml filter=evil diff=evil export-ignore ident\n")
    commit(top)
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        shutil.copy(script, top / ".git" / "hooks" / hook)
    for key in ("filter.evil.smudge", "filter.evil.clean", "core.fsmonitor", "diff.evil.textconv", "tar.tar.command"):
        git(top, "config", key, str(script))
    proof.unlink(missing_ok=True)
    assert changed()["unchanged"] == ["dev", "prod", "staging"]
    assert not proof.exists()


def test_a_link_of_the_commit_leads_nowhere_and_counts_as_changed(root, changed, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text("environment: dev\n")
    kept = (root / "environments/dev.yaml").read_text(encoding="utf-8")
    (root / "environments/dev.yaml").unlink()
    (root / "environments/dev.yaml").symlink_to(outside)
    commit(root.parent)
    (root / "environments/dev.yaml").unlink()
    (root / "environments/dev.yaml").write_text(kept, encoding="utf-8")
    (found,) = changed()["environments"]
    assert found["change"] == "unknown"
    assert "outside of the root" in found["why"]
    assert outside.read_text() == "environment: dev\n"


def test_a_commit_whose_yaml_is_invalid_counts_as_changed_and_says_so(root, changed):
    kept = (root / "environments/dev.yaml").read_text(encoding="utf-8")
    edit(root, "region: us-east-2", "region: [")
    commit(root.parent)
    (root / "environments/dev.yaml").write_text(kept, encoding="utf-8")
    (found,) = changed()["environments"]
    assert (found["environment"], found["change"]) == ("dev", "unknown")
    assert "environments/dev.yaml" in found["why"]


def test_yaml_that_is_invalid_now_is_planned_without_credentials_and_named_with_its_line(root, changed):
    edit(root, "ESMC-300M", "ESMC-301M", file="environments/prod.yaml")
    document = changed()
    assert (document["environment"], document["aws"], document["sandbox"]) == (["prod"], [], [{"environment": "prod"}])
    (found,) = document["environments"]
    assert found["change"] == "invalid"
    assert "environments/prod.yaml:" in found["why"]


def test_a_comment_a_description_and_an_entry_that_nobody_selects_change_nothing(root, changed):
    edit(root, "environment: dev", "# a remark\nenvironment: dev")
    with (root / "catalogs/esm.yaml").open("a", encoding="utf-8") as catalog:
        catalog.write("  # the end\n")
    assert changed()["environment"] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ml.g5.4xlarge", "ml.g5.2xlarge"),
        ("Project: esm-partner", "Project: other"),
        ("region: us-east-2", "region: us-east-2\ntermination_protection: true"),
        ("account: sandbox", 'account: "111122223333"'),
    ],
)
def test_what_cloudformation_is_given_otherwise_is_a_change(root, changed, old, new):
    edit(root, old, new)
    assert changed()["environment"] == ["dev"]


def test_an_environment_that_came_and_one_that_went_are_named(root, changed):
    text = (root / "environments/staging.yaml").read_text(encoding="utf-8").replace("staging", "qa")
    (root / "environments/staging.yaml").unlink()
    (root / "environments/qa.yaml").write_text(text, encoding="utf-8")
    document = changed()
    assert (document["environment"], document["vanished"]) == (["qa"], ["staging"])
    assert document["aws"] == [{"environment": "qa", "account": "111122223333", "region": "us-east-2"}]
    assert {stack["change"] for stack in document["environments"][0]["stacks"]} == {"added"}


def test_a_branch_before_its_first_push_had_nothing(root, changed):
    document = changed(base="0" * 40)
    assert document["environment"] == ["dev", "prod", "staging"]
    assert document["commit"] is None


def test_people_read_which_stacks_differ(root, capsys):
    edit(root, "ml.g5.4xlarge", "ml.g5.2xlarge")
    assert run(["--root", str(root), "changed", "--base", "HEAD"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("~ dev: changed  (sandbox, us-east-2)\n    ~ esm-dev-prototype-model\n")
    assert "prod, staging\n" in out
