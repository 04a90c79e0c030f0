"""`esmcfn sandbox`: the embedded AWS of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from esmcfn.cli.streams import said, told


@click.group(
    epilog="""\b
Examples:
  (eval "$(esmcfn sandbox env)"; aws cloudformation list-stacks)
  esmcfn sandbox reset
"""
)
def sandbox() -> None:
    """The embedded AWS of this machine, with its time and its bad days."""


@sandbox.command()
@click.pass_context
def start(ctx: click.Context) -> None:
    """Start it, if it does not run yet."""
    from esmcfn import sandbox as embedded

    address = embedded.ensure(_root(ctx), on_start=_say)
    said(f"running at {address.endpoint_url}, account {address.account}, pid {address.pid}")


@sandbox.command()
@click.pass_context
def stop(ctx: click.Context) -> None:
    """Stop it; what was deployed stays for the next start."""
    from esmcfn import sandbox as embedded

    said("stopped" if embedded.stop(_root(ctx)) else "was not running")


@sandbox.command()
@click.pass_context
def serve(ctx: click.Context) -> int:
    """Run it in the foreground, until Ctrl-C."""
    from esmcfn import sandbox as embedded

    return embedded.serve(_root(ctx))


@sandbox.command()
@click.pass_context
def status(ctx: click.Context) -> None:
    """Say its state in one line."""
    from esmcfn import sandbox as embedded

    said(embedded.status(_root(ctx)).line)


@sandbox.command()
@click.pass_context
def reset(ctx: click.Context) -> None:
    """Forget everything that was deployed; never asks."""
    from esmcfn import sandbox as embedded

    embedded.reset(_root(ctx))
    said("empty")


@sandbox.command(
    epilog="""\b
Examples:
  (eval "$(esmcfn sandbox env)"; aws sagemaker list-endpoints)
  eval "$(esmcfn sandbox env)"    for the rest of this shell
"""
)
@click.option("--region", default="us-east-2", show_default=True, envvar="ESMCFN_REGION", help="Default region.")
@click.pass_context
def env(ctx: click.Context, region: str) -> None:
    """Print export lines for eval; starts the sandbox if need be.

    They point this shell away from your own AWS settings. In brackets only a subshell is.
    """
    import re
    from shlex import quote

    from esmcfn import sandbox as embedded
    from esmcfn.errors import UsageError

    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        raise UsageError(f"{region!r} is no region", next_step="one such as us-east-2")
    address = embedded.ensure(_root(ctx), on_start=_say)
    for name, value in embedded.environment(address, region).items():
        said(f"export {name}={quote(value)}" if value else f"unset {name}")


def _root(ctx: click.Context) -> Path:
    from esmcfn.errors import UsageError

    root: Path = ctx.obj["root"]
    if not root.is_dir():
        raise UsageError(f"{root} is no folder: each root has a sandbox of its own", next_step="name one with --root")
    return root


def _say(message: str) -> None:
    told(f"· {message}")


@sandbox.command(
    epilog="""\b
Examples:
  esmcfn sandbox fault             which there are, and which are in force
  esmcfn sandbox fault quota instance_type=ml.g5.2xlarge
  esmcfn sandbox fault throttle action=cloudformation:DescribeStacks times=3
  esmcfn sandbox fault --clear
"""
)
@click.argument("name", required=False)
@click.argument("options", nargs=-1, metavar="[OPTION=VALUE]...")
@click.option("--clear", is_flag=True, envvar="ESMCFN_CLEAR", help="Lift every fault.")
@click.pass_context
def fault(ctx: click.Context, name: str | None, options: tuple[str, ...], clear: bool) -> None:
    """Ask for a bad day: it lasts until reset, or as often as times= says."""
    from esmcfn import sandbox as embedded
    from esmcfn.errors import UsageError

    root = _root(ctx)
    if clear and name:
        raise UsageError("--clear lifts every fault and takes no name", next_step="leave out --clear or the name")
    embedded.ensure(root, on_start=_say)
    if clear:
        embedded.clear_faults(root)
        said("no fault is in force")
    elif name:
        embedded.fault(root, name, **_pairs(options))
        pairs = _pairs(options)
        until = f"{pairs['times']} times, or until reset" if "times" in pairs else "until reset"
        said(f"in force {until}: {' '.join((name, *options))}")
    else:
        _list_faults(embedded.known_faults(root))


@sandbox.command(
    name="break",
    epilog="""\b
Examples:
  esmcfn sandbox break esm-dev-prototype-model Endpoint
  esmcfn sandbox break esm-dev-prototype-model Endpoint action=scale count=3
  esmcfn sandbox break esm-dev ExecutionRole property=Description value=changed
  esmcfn sandbox break esm-dev ExecutionRole action=attach policy=arn:aws:iam::aws:policy/ReadOnlyAccess
""",
)
@click.argument("stack")
@click.argument("logical_id")
@click.argument("options", nargs=-1, metavar="[OPTION=VALUE]...")
@click.pass_context
def break_(ctx: click.Context, stack: str, logical_id: str, options: tuple[str, ...]) -> None:
    """Delete or change a resource behind CloudFormation's back."""
    from esmcfn import sandbox as embedded

    root = _root(ctx)
    embedded.ensure(root, on_start=_say)
    embedded.break_resource(root, stack=stack, logical_id=logical_id, **_pairs(options))
    said(f"{logical_id} of {stack} is not what CloudFormation thinks any more")


@sandbox.command(
    epilog="""\b
Examples:
  esmcfn sandbox clock
  esmcfn sandbox clock advance_seconds=3600
  esmcfn sandbox clock speed=100
"""
)
@click.argument("settings", nargs=-1, metavar="[SETTING=NUMBER]...")
@click.pass_context
def clock(ctx: click.Context, settings: tuple[str, ...]) -> None:
    """Show or set its time: advance_seconds, speed, endpoint_seconds, change_set_seconds, ..."""
    from esmcfn import sandbox as embedded
    from esmcfn.errors import UsageError

    root = _root(ctx)
    try:
        numbers = {name: float(value) for name, value in _pairs(settings).items()}
    except ValueError as error:
        raise UsageError(
            f"a setting of the clock is a number: {error}", next_step="esmcfn sandbox clock shows them all"
        ) from error
    embedded.ensure(root, on_start=_say)
    for name, value in sorted(embedded.set_clock(root, **numbers).items()):
        said(f"{name}={_instant(value) if name == 'now' else f'{value:.10g}'}")


@sandbox.command(
    epilog="""\b
Examples:
  esmcfn sandbox seed past.yaml
\b
  endpoints:
    esm-dev-prototype-model:     the endpoint's name, or its stack's
      age_days: 45
      calls_per_hour: 12
      from_hour: 8               UTC; all day without it
      to_hour: 18
      latency_ms: 250
      cpu_percent: 4             without any load CloudWatch has no word of it
      memory_percent: 10
      gpu_percent: 12
      gpu_memory_percent: 15
      usd_per_day: 48.72
"""
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_context
def seed(ctx: click.Context, file: Path) -> None:
    """Give endpoints a past (age, calls, loads, costs) for audit.

    FILE is YAML or JSON. It is added to what was told before; reset forgets it.
    """
    from esmcfn import sandbox as embedded
    from esmcfn.inputs.seeds import Hosted, seeds

    root = _root(ctx)
    embedded.ensure(root, on_start=_say)
    there = tuple(
        Hosted(name=each["name"], region=each["region"], stack=each["stack"])
        for each in embedded.call(root, "GET", "state")["endpoints"]
    )
    until = datetime.now(UTC).isoformat()
    pasts = [{**past, "until": until} for past in seeds(file, there)]
    embedded.seed(root, endpoints=pasts)
    for past in pasts:
        said(f"{past['name']} has a past now")


def _instant(seconds: float) -> str:
    """A moment as people read it, to the second, in UTC."""
    with suppress(OverflowError, ValueError, OSError):  # it can be pushed beyond the year 9999
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{seconds:.0f} seconds after 1970"


def _pairs(words: tuple[str, ...]) -> dict[str, str]:
    """name=value words, as a mapping."""
    from esmcfn.errors import UsageError

    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise UsageError(f"{word} is not of the form name=value", next_step="esmcfn sandbox --help")
        if name in found:
            raise UsageError(f"{name}= is there twice: {found[name]} and {value}", next_step="leave one out")
        found[name] = value
    return found


def _list_faults(known: Mapping[str, Any]) -> None:
    """What can be asked for, and what was."""
    for kind in known["catalog"]:
        options = ", ".join(kind["options"])
        said(f"{kind['name']}: {kind['summary']}" + (f" ({options})" if options else ""))
    in_force = ", ".join(fault["name"] for fault in known["active"]) or "none"
    said(f"in force: {in_force}")
