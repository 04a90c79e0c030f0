"""`esmcfn outputs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run

OF_ONE = ("env", "terraform", "python")
"""Formats with room for one environment."""


@click.command(
    short_help="Print what callers of the endpoints need.",
    epilog="""\b
Examples:
  esmcfn outputs dev
  esmcfn outputs dev -f python              for a notebook, with the esm SDK
  esmcfn outputs dev -f json | jq -r '.sagemaker_endpoints.main.endpoint_name'
  eval "$(esmcfn outputs dev -f env)"; echo "$ESMCFN_MAIN_ENDPOINT_NAME"
  esmcfn outputs dev -f terraform           as `terraform output -json`
""",
)
@options.reports("outputs", account=True, formats=(*options.FORMATS, *OF_ONE))
def outputs(run: Run) -> int:
    """Print what callers of the endpoints need, read from what is deployed: the Terraform module's outputs.

    env prints ESMCFN_<KEY>_ENDPOINT_NAME, _ENDPOINT_CONFIG_NAME, _ENDPOINT_URL and _FORGE_MODEL_NAME of every model
    that has an endpoint, then ESMCFN_SAGEMAKER_EXECUTION_ROLE and ESMCFN_SHARED_SERVICE_... where there are such.
    The secret of the shared user is never printed, only where it is. Nothing deployed is exit code 4.
    """
    from esmcfn.cli.streams import told
    from esmcfn.domain.outputs import Outputs
    from esmcfn.domain.report import Report
    from esmcfn.errors import UsageError
    from esmcfn.render.outputs import asides
    from esmcfn.verbs.watch.outputs import outputs

    if run.form in OF_ONE and len(run.names) > 1:
        raise UsageError(f"-f {run.form} has room for one environment", next_step=f"esmcfn outputs dev -f {run.form}")
    outcomes = run.outcomes(lambda project, selection, world: outputs(selection, world))
    for outcome in outcomes:
        if isinstance(outcome, Report) and isinstance(outcome.body, Outputs):
            for aside in asides(outcome.body, run.form):
                told(f"· {aside}")
    return run.emit(outcomes)
