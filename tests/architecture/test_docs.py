"""The docs say what the program does: generated pages are current, and nothing public is undocumented."""

from __future__ import annotations

import re
from pathlib import Path

import click
import golden
import pytest

from esmcfn.cli.program import COMMANDS, Program, program
from esmcfn.errors import ExitCode
from esmcfn.policy.graph import GRAPH_RULES
from esmcfn.policy.house import RULES
from esmcfn.render import FORMATS, OF_FINDINGS, OF_ONE_VERB, OF_READERS

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CLI = REPOSITORY / "docs" / "cli.md"


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found.extend(commands(command, (*path, name)))
    return found


EVERY = commands(program)
IDS = [" ".join(path) for path, _ in EVERY]


def page() -> str:
    """docs/cli.md: what --help says, of every command."""
    parts = ["# The command line\n\nWritten from `--help` by `make golden`; not edited by hand.\n"]
    for path, command in [((), program), *EVERY]:
        name = " ".join(("esmcfn", *path))
        context = click.Context(command, info_name=name, terminal_width=100, help_option_names=["-h", "--help"])
        variables = [
            f"| `{max(option.opts, key=len)}` | `{option.envvar}` |"
            for option in command.params
            if isinstance(option, click.Option) and option.envvar
        ]
        table = "\n".join(["\n| option | variable |", "| --- | --- |", *variables, ""]) if variables else ""
        parts.append(f"\n## {name}\n\n```text\n{command.get_help(context)}\n```\n{table}")
    return "".join(parts)


def test_the_page_of_the_command_line_is_current(update_golden):
    if update_golden:
        CLI.write_text(page(), encoding="utf-8")
    assert CLI.read_text(encoding="utf-8") == page(), "make golden rewrites docs/cli.md"


@pytest.mark.parametrize(("path", "command"), EVERY, ids=IDS)
def test_every_command_and_option_has_help(path, command):
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert "--help" in parameter.opts or (parameter.envvar or "").startswith("ESMCFN_"), parameter.name


@pytest.mark.parametrize(("path", "command"), EVERY, ids=IDS)
def test_what_is_said_of_an_example_stands_beside_it_on_80_columns(path, command):
    examples = (command.epilog or "").split("\n\n")[0].splitlines()
    said = [line for line in examples if re.search(r"\S {2,}\S", line)]  # a command alone is as long as it is
    assert [line for line in said if len(line) > 78] == [], "Click puts two columns before it"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_names_every_command(name):
    assert f"esmcfn {name}" in README


def test_the_readme_counts_the_rules():
    assert f"{len(RULES) + len(GRAPH_RULES)} rules of our own" in README


@pytest.mark.parametrize("code", ExitCode)
def test_the_readme_names_every_exit_code(code):
    assert re.search(rf"^\|[^|]*\b{int(code)}\b[^|]*\|", README, re.MULTILINE), code


def test_the_help_names_every_exit_code():
    text = program.get_help(click.Context(program, info_name="esmcfn"))
    assert all(re.search(rf"\b{int(code)}\b", text) for code in ExitCode)
    assert isinstance(program, Program)


@pytest.mark.parametrize("file", ["plans/shipped/first.txt", "plans/shipped/bigger.txt", "mistakes/problems.txt"])
def test_the_readme_shows_what_is_really_printed(file):
    shown = (golden.FOLDER / file).read_text(encoding="utf-8")
    assert shown in README, f"copy tests/golden/{file} into the README"


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("**/*.md")), ids=str)
def test_no_link_leads_nowhere(path):
    if ".venv" in path.parts:
        return
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_format_is_offered_and_every_offer_is_rendered():
    from esmcfn.cli.options import FORMATS as OFFERED

    assert tuple(FORMATS) == OFFERED
    reports = [command for _, command in EVERY if any(each.name == "output" for each in command.params)]
    offered = {
        form
        for command in reports
        for option in command.params
        if option.name == "form" and isinstance(option.type, click.Choice)
        for form in option.type.choices
    }
    assert offered == {*FORMATS, *OF_FINDINGS, *OF_READERS, *OF_ONE_VERB}
