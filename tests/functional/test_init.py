"""A new repository as whole processes: it works at once."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.metadata import PackageNotFoundError, requires, version
from zipfile import ZipFile

import pytest

from esmcfn import sandbox
from esmcfn.cli.program import run
from esmcfn.errors import ExitCode
from esmcfn.scaffold.locking import needed

DEPENDENCIES = ".github/actions/esmcfn/dependencies.txt"


def wheels(folder):
    """An index in a folder: a wheel with nothing in it of all that esmcfn asks for, in the version that runs here."""
    names = [re.split(r"[^A-Za-z0-9._-]", each)[0] for each in needed(requires("esmcfn"))]
    for name in names:
        try:
            known = version(name)
        except PackageNotFoundError:
            known = "1.0"
        stem = f"{name.replace('-', '_')}-{known}"
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {known}\nProvides-Extra: server\n"
        with ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{stem}.dist-info/METADATA", about)
            wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return names


def test_a_lock_pins_every_dependency_by_digest_and_is_written_again_alone(tmp_path, monkeypatch, capsys):
    index, new = tmp_path / "index", tmp_path / "new"
    index.mkdir()
    names = wheels(index)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    assert run(["init", str(new), "--lock", "--esmcfn", "esmcfn==1"]) == ExitCode.DONE, capsys.readouterr().err
    lines = [line for line in (new / DEPENDENCIES).read_text().splitlines() if not line.startswith("#")]
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in index.iterdir()}
    assert {line.rpartition(":")[2] for line in lines} == digests
    assert len(lines) == len(names)
    assert str(index) not in (new / DEPENDENCIES).read_text()

    (new / DEPENDENCIES).write_text("old")
    (new / "environments/dev.yaml").unlink()
    assert run(["init", str(new), "--lock", "-f", "json"]) == ExitCode.DONE
    assert (new / DEPENDENCIES).read_text().splitlines()[-1] == lines[-1]
    assert not (new / "environments/dev.yaml").exists()

    next(iter(index.glob("boto3-*"))).unlink()
    assert run(["init", str(tmp_path / "other"), "--lock"]) == ExitCode.USAGE
    assert "pip could not tell what to pin" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


@pytest.fixture
def empty(root):
    """A folder with nothing in it."""
    from dataclasses import replace

    folder = root.folder.parent / "empty"
    folder.mkdir()
    yield replace(root, folder=folder)
    sandbox.stop(folder)


def test_a_new_repository_is_valid_judged_and_planned_at_once(empty):
    made = empty.esmcfn("init")
    assert made.code == ExitCode.DONE, made.err
    assert "esmcfn plan dev" in made.out
    for words in (("validate", "dev"), ("check", "dev"), ("plan", "dev")):
        done = empty.esmcfn(*words)
        assert done.code == ExitCode.DONE, done.out + done.err
    assert "4 to add" in done.out
    assert empty.esmcfn("init").code == ExitCode.USAGE

    example = empty.folder / "environments/prod.yaml.example"
    empty.write("environments/prod.yaml", example.read_text(encoding="utf-8"))
    judged = empty.esmcfn("check", "prod", "-f", "json")
    assert judged.code == ExitCode.DONE, judged.out
    assert not [each for each in judged.document["findings"] if each["level"] != "advisory"]


def test_a_payload_becomes_a_repository_that_lacks_what_the_payload_does_not_say(empty):
    variant = {"ModelName": "my-model", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}
    empty.write("payload.json", json.dumps({"endpointName": "Test-1", "productionVariants": [variant]}))
    made = empty.esmcfn("init", "--from-payload", "payload.json")
    assert made.code == ExitCode.DONE, made.err
    assert "my-model" in made.err
    missing = empty.esmcfn("validate", "dev")
    assert missing.code == ExitCode.INPUT
    assert "is a placeholder" in missing.err
    empty.edit("my-model-EXAMPLE", "my-model-1", file="catalogs/esm.yaml")
    assert empty.esmcfn("validate", "dev").code == ExitCode.DONE
    plan = empty.esmcfn("plan", "dev", "-f", "json", "--read-only").document
    (name,) = [each["endpoint_name"] for each in plan["outputs"]["sagemaker_endpoints"].values()]
    assert name.startswith("Test-1-")
