"""Templates for house rules to judge, and the policy that they are judged by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from importlib.resources import files

import yaml
from builders import a_base_stack, a_target

from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.policy import house

DEFAULTS = yaml.safe_load((files("esmcfn.policy") / "defaults.yaml").read_text("utf-8"))


POLICY = Policy(limits=DEFAULTS["limits"])


def a_template(body: Mapping[str, object], *, region: str = "us-east-2", name: str = "esm-dev") -> Template:
    stack = a_base_stack(name=name, target=a_target(region=region))
    text = json.dumps(body)
    return Template(stack=stack, text=text, body=body, digest="", origins={}, names={})


def broken(body: Mapping[str, object], *, region: str = "us-east-2") -> list[str]:
    findings = house.findings([a_template(body, region=region)], POLICY, today=date(2026, 12, 1))
    return [finding.rule for finding in findings]


def config(instance_type: str = "ml.g5.2xlarge", count: int = 1) -> Mapping[str, object]:
    variant = {"VariantName": "variant-1", "InstanceType": instance_type, "InitialInstanceCount": count}
    properties = {"ProductionVariants": [variant]}
    return {"Resources": {"EndpointConfig": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": properties}}}
