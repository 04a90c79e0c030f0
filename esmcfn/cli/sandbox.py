"""`esmcfn sandbox`: the embedded AWS of this machine."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(
    epilog="""\b
Examples:
  eval "$(esmcfn sandbox env)"; aws cloudformation list-stacks
  esmcfn sandbox reset
"""
)
def sandbox() -> None:
    """The embedded AWS: start, stop, status, reset, env."""


@sandbox.command()
@click.pass_context
def start(ctx: click.Context) -> None:
    """Start it, if it does not run yet."""
    from esmcfn import sandbox as embedded

    address = embedded.ensure(_root(ctx), on_start=_say)
    click.echo(f"running at {address.endpoint_url}, account {address.account}, pid {address.pid}")


@sandbox.command()
@click.pass_context
def stop(ctx: click.Context) -> None:
    """Stop it; what was deployed stays for the next start."""
    from esmcfn import sandbox as embedded

    click.echo("stopped" if embedded.stop(_root(ctx)) else "was not running")


@sandbox.command()
@click.pass_context
def status(ctx: click.Context) -> None:
    """Say its state in one line."""
    from esmcfn import sandbox as embedded

    click.echo(embedded.status(_root(ctx)).line)


@sandbox.command()
@click.pass_context
def reset(ctx: click.Context) -> None:
    """Forget everything that was deployed; never asks."""
    from esmcfn import sandbox as embedded

    embedded.reset(_root(ctx))
    click.echo("empty")


@sandbox.command()
@click.option("--region", default="us-east-2", show_default=True, envvar="ESMCFN_REGION", help="Default region.")
@click.pass_context
def env(ctx: click.Context, region: str) -> None:
    """Print export lines for eval; starts the sandbox if need be."""
    from shlex import quote

    from esmcfn import sandbox as embedded

    address = embedded.ensure(_root(ctx), on_start=_say)
    for name, value in embedded.environment(address, region).items():
        click.echo(f"export {name}={quote(value)}" if value else f"unset {name}")


def _root(ctx: click.Context) -> Path:
    root: Path = ctx.obj["root"]
    return root


def _say(message: str) -> None:
    click.echo(f"· {message}", err=True)
