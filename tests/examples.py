"""The examples that rules explain themselves with, as files that the real command reads."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, a_root
from cloudformation import read

from esmcfn.inputs import rulebook
from esmcfn.policy.house.rule import Described


def as_template(rule: Described, example: str) -> str:
    """A template as esmcfn writes templates, out of the resources of an example."""
    written = read(example)
    body = written if "Resources" in written else {"Resources": written}
    return json.dumps(body, indent=2, sort_keys=True) + "\n"


def as_root(example: str, folder: Path) -> Path:
    """A root with dev, a catalog and policies, out of the keys of an example."""
    written = yaml.safe_load(example)
    policy = {key: value for key, value in written.items() if key in rulebook.POLICY.fields}
    catalog = {key: value for key, value in written.items() if key == "models"}
    environment = {key: value for key, value in written.items() if key not in {*policy, *catalog}}
    return a_root(
        folder,
        environment=yaml.safe_dump({**yaml.safe_load(ENVIRONMENT_TEXT), **environment}, sort_keys=False),
        catalog=yaml.safe_dump(catalog) if catalog else CATALOG_TEXT,
        files={"policies/levels.yaml": yaml.safe_dump(policy)} if policy else {},
    )
