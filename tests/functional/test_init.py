"""A new repository as whole processes: it works at once."""

from __future__ import annotations

import json

import pytest

from esmcfn import sandbox
from esmcfn.errors import ExitCode


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
