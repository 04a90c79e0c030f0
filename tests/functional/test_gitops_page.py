"""What docs/gitops.md shows is what is really printed; ids and times, which are never the same, are left out."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "gitops.md").read_text(encoding="utf-8")


def masked(text):
    text = re.sub(r"sha256:[0-9a-f]+", "sha256:…", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z|\(([0-9a-f]{12})\)", "…", text)


def git(folder, *words):
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_the_page_shows_what_changed_prints_and_what_the_comment_says(root):
    git(root.folder, "init", "-q")
    git(root.folder, "add", "-A")
    git(root.folder, "commit", "-qm", "first")
    root.deployed()
    root.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    shown = masked(root.esmcfn("changed", "--base", "HEAD").out)
    assert shown in PAGE, shown
    assert root.esmcfn("plan", "dev", "--out", "dev.json").code == 0
    root.write("changed.json", root.esmcfn("changed", "--base", "HEAD", "-f", "json").out)
    done = root.esmcfn("comment", "dev.json", "--changed", "changed.json")
    assert done.code == 0
    assert masked(done.out) in PAGE, masked(done.out)
    assert json.loads(root.read("changed.json"))["sandbox"] == [{"environment": "dev"}]
