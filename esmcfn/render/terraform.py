"""Outputs in the shape of `terraform output -json`, for whatever reads that today."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from esmcfn.documents.living import module_outputs
from esmcfn.domain.outputs import Outputs
from esmcfn.domain.report import Outcome, Report


def render(outcomes: Sequence[Outcome]) -> str:
    """Each output with its type; what is null is left out, as Terraform does, and the secret always."""
    found = [outcome.body for outcome in outcomes if isinstance(outcome, Report)]
    values = {
        name: value for body in found if isinstance(body, Outputs) for name, value in module_outputs(body).items()
    }
    wrapped = {
        name: {"sensitive": False, "type": _type(value), "value": value}
        for name, value in values.items()
        if value is not None
    }
    return json.dumps(wrapped, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _type(value: object) -> object:
    """Terraform's own type expression; the module's `for` expressions make objects, not maps."""
    if isinstance(value, Mapping):
        return ["object", {key: _type(inner) for key, inner in value.items()}]
    return "string"
