"""The command line: options, composition of the real world, exit codes. Nothing else.

    signals     Ctrl-C and its like, noted before anything else happens
    program     the one place where an error becomes a message and an exit code
    options     what commands share: environments, format, output, profile
    compose     the real world: root, project, AWS or sandbox, policy engines
    plan, offline, cost, outputs, status, wait, logs, sandbox, ...   the commands

Nothing heavy is imported before a command runs: `--help` loads Click alone, and nothing before signals are heard.
"""

from __future__ import annotations


def main() -> None:
    """The console script."""
    from esmcfn.signals import Signals

    Signals.standing()
    from esmcfn.cli.program import run

    raise SystemExit(run())
