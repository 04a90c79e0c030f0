"""Outputs as Python: what a biologist pastes into a notebook to call the endpoints with the `esm` SDK."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.outputs import Outputs
from esmcfn.domain.project import SANDBOX_ACCOUNT
from esmcfn.domain.report import Outcome, Report
from esmcfn.errors import visible

ESM = "3.1.1"
"""The release of `esm` whose SageMaker client runs encode and logits against these containers.

Later ones send an argument that their own SageMaker client does not take (3.1.2 to 3.1.6, and from 3.2.1.post1 on), or
need a container that answers in bytes (3.2.0): https://github.com/evolutionaryscale/esm/issues/172
"""


def render(outcomes: Sequence[Outcome]) -> str:
    """A snippet that runs as it is, once the packages are installed and there are credentials."""
    found = [outcome.body for outcome in outcomes if isinstance(outcome, Report)]
    return "".join(f"{line}\n" for body in found if isinstance(body, Outputs) for line in _snippet(body))


def _snippet(outputs: Outputs) -> Iterator[str]:
    yield f"# {visible(outputs.environment)}: account {outputs.account}, {outputs.region}"
    yield from (f"# without an endpoint: {visible(absent.model)}, {absent.why}" for absent in outputs.absent)
    if not outputs.endpoints:
        return
    yield f'# %pip install "esm=={ESM}" boto3'
    yield f"# (most other releases of esm fail in logits() on SageMaker; {ESM} needs Python 3.10 or newer)"
    if outputs.account == SANDBOX_ACCOUNT:
        yield '# The sandbox: say eval "$(esmcfn sandbox env)" in the shell before you start Python.'
    for arn in outputs.secret_arns.values():
        yield f"# The shared user's access key is JSON in the secret {visible(arn)}"
    yield "import boto3"
    yield "from esm.sdk.api import ESMProtein, LogitsConfig"
    yield "from esm.sdk.sagemaker import ESM3SageMakerClient"
    yield ""
    yield "# The client takes region and credentials from the default session: set it first, profile_name= as you need."
    yield f"boto3.setup_default_session(region_name={_literal(outputs.region)})"
    yield ""
    yield "clients = {"
    for key, endpoint in outputs.endpoints.items():
        name, model = _literal(endpoint.endpoint_name), _literal(endpoint.forge_model_name)
        yield f"    {_literal(key)}: ESM3SageMakerClient(endpoint_name={name}, model={model}),"
    yield "}"
    yield ""
    yield f"client = clients[{_literal(next(iter(outputs.endpoints)))}]"
    yield 'protein = client.encode(ESMProtein(sequence="MKTAYIAKQRQISFVKSHFSRQ"))'
    yield "output = client.logits(protein, LogitsConfig(sequence=True, return_embeddings=True))"
    yield "print(output.logits.sequence.shape, output.embeddings.shape)"


def _literal(value: str) -> str:
    """A text as Python writes it, in double quotes where it can be."""
    return f'"{value}"' if value.isprintable() and not {'"', "\\"} & set(value) else repr(value)
