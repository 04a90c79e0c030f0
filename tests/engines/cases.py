"""Templates for the real engines: all that the examples build, further kinds of stacks, and bad ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from builders import a_base_stack, a_container, a_service_account, a_stack, a_variant
from cloudformation import read
from msgspec.structs import replace

from esmcfn.domain.hosting import Alarms, AlarmTopic, Autoscaling
from esmcfn.domain.project import Policy
from esmcfn.domain.stack import ExecutionRole
from esmcfn.domain.template import Template
from esmcfn.inputs import load
from esmcfn.selection import select
from esmcfn.template import synthesize, synthesize_all

KEY = "arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROOTS = (".", "examples/basic", "examples/basic_shared_user", "examples/multi_model")


def built(root: str, environment: str = "dev") -> tuple[Policy, tuple[Template, ...]]:
    """What a root's environment builds, and the policy in force there."""
    loaded = load(ROOT / root, environment)
    return loaded.project.policy, synthesize_all(select(loaded.project, problems=loaded.problems))


def good() -> Iterator[tuple[str, str]]:
    """Name and text of every template that this repository builds, and of every other kind of stack."""
    for root in ROOTS:
        for template in built(root)[1]:
            yield f"{root.replace('/', '-').strip('.')}-{template.stack.name}", template.text
    role = ExecutionRole(
        name="role",
        managed_policies=("AmazonSageMakerFullAccess",),
        images=(a_container().image,),
        model_data=(a_container().model_data,),
    )
    for name, stack in {
        "role": a_base_stack(execution_role=role),
        "user": a_base_stack(service_account=a_service_account(*(a_stack(f"m{i}") for i in range(50)))),
        "container": a_stack(package="", container=a_container(), network_isolation=False),
        "parked": a_stack(parked=True),
        "topic": a_base_stack(alarm_topic=AlarmTopic(name="esm-dev-alarms", emails=("oncall@example.com",))),
        "hosting": a_stack(
            variant=a_variant(instance_type="ml.m5.xlarge"),
            autoscaling=Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70)),
            alarms=Alarms(disk_percent=80),
            alarm_topic_name="esm-dev-alarms",
            kms_key_arn=KEY,
            log_retention_days=90,
            log_kms_key_arn=KEY,
        ),
    }.items():
        yield name, synthesize(stack).text


def bad() -> Iterator[tuple[str, str]]:
    """Name and text of templates with something wrong in them."""
    for path in sorted(HERE.glob("bad/*.yaml")):
        yield f"bad-{path.stem}", as_json(path)
    for path in sorted(HERE.parent.glob("rules/*/*.yaml")):
        yield f"{path.parent.name}-{path.stem}", as_json(path)


def as_json(path: Path) -> str:
    """A YAML template as esmcfn writes templates."""
    return json.dumps(read(path.read_text("utf-8")), indent=2, sort_keys=True) + "\n"


def as_template(text: str, name: str = "esm-dev") -> Template:
    """A text as a Template without lines of YAML."""
    body: Mapping[str, object] = json.loads(text)
    base = a_base_stack()
    return Template(stack=replace(base, name=name), text=text, body=body, digest="", origins={}, names={})
