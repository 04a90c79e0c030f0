"""What docs/gitops.md shows is what is really printed; ids and times, which are never the same, are left out."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from esmcfn import sandbox

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "gitops.md").read_text(encoding="utf-8")


def masked(text):
    text = re.sub(r"sha256:[0-9a-f]+", "sha256:…", text)
    text = re.sub(r"artifactbucket-[0-9a-f]{12}", "artifactbucket-…", text)
    text = re.sub(r"\d+(?:\.\d)? (?:s|min)(?: \d\d s)?(?=\)?$)", "…", text, flags=re.MULTILINE)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z|\(([0-9a-f]{12})\)", "…", text)


def git(folder, *words):
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def shown(text):
    """It stands on the page, word for word."""
    assert masked(text) in PAGE, masked(text)


def test_the_page_shows_what_is_printed_from_a_change_to_its_deployment(root):
    git(root.folder, "init", "-q")
    git(root.folder, "add", "-A")
    git(root.folder, "commit", "-qm", "first")
    root.deployed()
    root.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    shown(root.esmcfn("changed", "--base", "HEAD").out)
    for command in ("changed --base HEAD -f json --output changed.json", "plan dev --out dev.json"):
        assert f"$ esmcfn {command}\n" in PAGE
        assert root.esmcfn(*command.split()).code == 0
    done = root.esmcfn("comment", "dev.json", "--changed", "changed.json")
    assert done.code == 0
    shown(done.out)
    assert json.loads(root.read("changed.json"))["sandbox"] == [{"environment": "dev"}]

    deployed = root.esmcfn("deploy", "--plan", "dev.json", "--yes")
    assert deployed.code == 0, deployed.err
    shown(deployed.out)
    role = "esm-sagemaker-exec-dev"
    root.client("iam").tag_role(RoleName=role, Tags=[{"Key": "Owner", "Value": "somebody"}])
    root.write("report.json", root.esmcfn("drift", "dev", "-f", "json").out)
    shown(root.esmcfn("issue", "report.json").out)
    refused = root.esmcfn("deploy", "--plan", "dev.json", "--yes")
    assert refused.code == 6
    shown(refused.err)


def test_the_page_shows_how_it_begins(root, tmp_path):
    requirement = "esmcfn[sandbox] @ git+https://github.com/acme/esmcfn@0123456789012345678901234567890123456789"
    made = root.esmcfn("init", "models", "--esmcfn", requirement)
    assert made.code == 0, made.err
    shown(made.out)
    sandbox.ensure(root.folder)
    sandbox.set_clock(root.folder, speed=1000)
    done = root.esmcfn("bootstrap", "dev", "--repository", "acme/models", "--repository-id", "123456789", "--yes")
    assert done.code == 0, done.err
    shown(done.out)


@pytest.mark.parametrize("name", re.findall(r"`(test_\w+)`", PAGE))
def test_what_the_page_says_is_tested_is_tested(name):
    files = (REPOSITORY / "tests").glob("**/test_*.py")
    assert any(f"def {name}(" in path.read_text(encoding="utf-8") for path in files), name
