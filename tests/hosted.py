"""Environments whose model scales, is watched or has a key, as they are written, selected and built."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, a_root

from esmcfn import inputs
from esmcfn.domain.hosting import Autoscaling, ScheduledScaling
from esmcfn.errors import InputError
from esmcfn.selection import select
from esmcfn.template import synthesize

BOUNDS = "{min_capacity: 1, max_capacity: 4, target_value: 70}"


NIGHT = ScheduledScaling(name="night", cron="0 19 ? * * *", timezone="UTC", min_capacity=1, max_capacity=1)


RUSH = ScheduledScaling(name="rush", cron="0 8 ? * * *", timezone="UTC", min_capacity=2, max_capacity=6)


SCALED = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70))


def with_model(text: str) -> str:
    """dev with more keys in its one selected model."""
    return ENVIRONMENT_TEXT + "".join(f"    {line}\n" for line in text.splitlines())


def complaints(folder: Path, environment: str = ENVIRONMENT_TEXT, catalog: str = CATALOG_TEXT) -> list[str]:
    project = inputs.load(a_root(folder, environment=environment, catalog=catalog), "dev")
    try:
        select(project.project, problems=project.problems)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    return []


def selected(folder: Path, environment: str = ENVIRONMENT_TEXT, catalog: str = CATALOG_TEXT):
    project = inputs.load(a_root(folder, environment=environment, catalog=catalog), "dev")
    (stack,) = select(project.project, problems=project.problems).models
    return stack


def resource(stack, logical_id: str):
    return synthesize(stack).body["Resources"].get(logical_id)


KEY = "arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"


OTHER = KEY.replace("0a1b2c3d", "ffffffff")
