"""CloudFormation's YAML, with its short tags, for tests that bring templates of their own."""

from __future__ import annotations

from collections.abc import Mapping

import yaml


class CloudFormationLoader(yaml.SafeLoader):
    """YAML with !Ref, !Sub, !GetAtt."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
    assert isinstance(node, yaml.ScalarNode | yaml.SequenceNode)
    scalar = isinstance(node, yaml.ScalarNode)
    value = loader.construct_scalar(node) if scalar else loader.construct_sequence(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


CloudFormationLoader.add_multi_constructor("!", _tagged)


def read(text: str) -> Mapping[str, object]:
    """A template as plain values, in the long form."""
    body = yaml.load(text, CloudFormationLoader)
    assert isinstance(body, dict)
    return body
