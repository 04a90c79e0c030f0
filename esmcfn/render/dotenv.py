"""Outputs as variables: dotenv lines that a POSIX shell reads too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from esmcfn.domain.deployment import Deployment
from esmcfn.domain.outputs import Outputs
from esmcfn.domain.report import Body, Outcome, Report
from esmcfn.render import settings

PREFIX = "ESMCFN_"

ENDPOINT = ("endpoint_name", "endpoint_config_name", "endpoint_url", "forge_model_name")
"""What there is a variable of for each model: ESMCFN_<KEY>_ENDPOINT_NAME and so on."""


def render(outcomes: Sequence[Outcome]) -> str:
    """One line a variable, quoted, in a fixed order."""
    found = [outcome.body for outcome in outcomes if isinstance(outcome, Report)]
    return "".join(f"{name}={_quoted(value)}\n" for body in found for name, value in _variables(body))


def _variables(body: Body) -> Iterator[tuple[str, str]]:
    if isinstance(body, Outputs):
        yield from variables(body)
    elif isinstance(body, Deployment) and body.settings:
        yield from settings.variables(body.settings)


def variables(outputs: Outputs) -> Iterator[tuple[str, str]]:
    """Name and value of every variable; what is off or unknown has none."""
    names = key_names(outputs.endpoints)
    for key, endpoint in outputs.endpoints.items():
        for field in ENDPOINT:
            yield f"{PREFIX}{names[key]}_{field.upper()}", str(getattr(endpoint, field))
    if outputs.execution_role:
        yield f"{PREFIX}SAGEMAKER_EXECUTION_ROLE", outputs.execution_role
    for field, values in (
        ("SHARED_SERVICE_USER_NAME", outputs.user_names),
        ("SHARED_SERVICE_USER_ACCESS_KEY_ID", outputs.access_key_ids),
        ("SHARED_SERVICE_SECRET_ARN", outputs.secret_arns),
    ):
        yield from ((f"{PREFIX}{field}", value) for value in values.values())


def key_names(keys: Iterable[str]) -> Mapping[str, str]:
    """Each key as a part of a variable's name: in capitals, unless two keys differ in nothing else."""
    plain = {key: "".join(each if each.isascii() and each.isalnum() else "_" for each in key) for key in keys}
    loud = Counter(name.upper() for name in plain.values())
    return {key: name.upper() if loud[name.upper()] == 1 else name for key, name in plain.items()}


def _quoted(value: str) -> str:
    """Single quotes, in which nothing is special; double ones where the value has single ones in it."""
    if "'" not in value:
        return f"'{value}'"
    for special in '\\"$`':
        value = value.replace(special, f"\\{special}")
    return f'"{value}"'
