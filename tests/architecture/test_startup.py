"""Starting up is part of the product: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import a_root

from esmcfn.inputs import load

REPOSITORY = Path(__file__).parents[2]
HEAVY = ("boto3", "botocore", "cerberus", "cfnlint", "checkov", "moto", "rich", "troposphere", "yaml")


def modules_after(code: str) -> set[str]:
    probe = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("code", ["import esmcfn.cli", "from esmcfn.cli.program import run\nrun(['--help'])"])
def test_help_loads_nothing_heavy(code):
    assert modules_after(code).isdisjoint(HEAVY)


def test_the_offline_verbs_never_load_aws_or_an_engine(tmp_path):
    report = tmp_path / "report"
    code = f"from esmcfn.cli.program import run\nassert run(['build', 'dev', '--output', {str(report)!r}]) == 0"
    assert modules_after(code).isdisjoint({"boto3", "botocore", "cfnlint", "checkov", "moto"})


@pytest.mark.parametrize(("times", "imported"), [(0, True), (1, False)])
def test_cerberus_is_imported_only_for_what_is_new(tmp_path, times, imported):
    root = a_root(tmp_path / "root")
    for _ in range(times):
        load(root, "dev", cache=tmp_path / "cache")
    code = (
        "import sys; from pathlib import Path; from esmcfn.inputs import load; "
        f"load(Path({str(root)!r}), 'dev', cache=Path({str(tmp_path / 'cache')!r})); print('cerberus' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(imported)
