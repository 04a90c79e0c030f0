"""docs/sandbox.md: its tables are generated from the contract's cases and from the faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from esmcfn.sandbox.breaking import ACTIONS
from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.faults import CATALOG
from esmcfn.sandbox.resources import HANDLERS

from .conftest import REGION
from .types import CASES, NESTED, Case
from .unconfirmed import CLAIMS, LIMITS

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def table(case: Case) -> Iterator[str]:
    """Yield the rows of one type: what happens to each property."""
    kind, handler = schema.must_load(case.type, REGION), HANDLERS[case.type]
    given = case.tested
    yield f"### {case.type}\n"
    names = ["Outputs.Name"] if case is NESTED else sorted(handler.attributes)
    attributes = ", ".join(f"`{name}`" for name in names) or "none"
    lacking = "of the nested stack itself" if case is NESTED else "the registry has no read handler"
    drift = "checked" if kind.readable else f"not checked: {lacking}"
    imported = "tested" if kind.readable else "refused"
    yield f"`Fn::GetAtt`: {attributes}. Drift: {drift}. Import: {imported}.\n"
    yield "| property | create | read back | change |"
    yield "|---|---|---|---|"
    for name in sorted(handler.supported):
        tested = "tested" if name in given else "yes"
        shown = case is NESTED and name != "TemplateURL"
        readable = (
            "tested, as a stack"
            if shown
            else "write-only"
            if kind.is_write_only(name)
            else tested
            if kind.readable
            else "not checked"
        )
        yield f"| {name} | {tested} | {readable} | {change(case, name)}, tested |"
    read_only = {path.split("/")[0] for path in kind.read_only}
    lacking = sorted(set(kind.properties) - handler.supported - read_only)
    if lacking:
        yield f"\nRefused: {', '.join(lacking)}."
    yield ""


def change(case: Case, name: str) -> str:
    """Return what a change of a property does; a test does each."""
    kind = schema.must_load(case.type, REGION)
    if name in case.fixed:
        return "refused"
    if name in kind.create_only:
        return "replaces"
    if kind.recreation(name) != "Never":
        return "replaces, or in place, by what changes in it"
    return "in place"


def untested(case: Case) -> set[str]:
    """Return the properties of which no test makes, reads or changes a value."""
    kind = schema.must_load(case.type, REGION)
    replacing = {name for name in HANDLERS[case.type].supported if kind.recreation(name) != "Never"}
    changed = (case.changed - replacing) | (set(case.replaced) & replacing) | set(case.fixed)
    return HANDLERS[case.type].supported - (case.tested & changed)


def types() -> str:
    """Return the table of types."""
    return "\n".join(line for case in sorted([*CASES, NESTED], key=lambda case: case.type) for line in table(case))


def faults() -> str:
    """Return the table of faults."""
    rows = ["| fault | what happens | options |", "|---|---|---|"]
    for kind in CATALOG:
        options = "; ".join(f"`{name}`: {meaning}" for name, meaning in kind.options.items()) or "none"
        rows.append(f"| `{kind.name}` | {kind.summary} | {options} |")
    return "\n".join(rows) + "\n"


def breaks() -> str:
    """Return the table of what a hand can do."""
    rows = ["| action | does | options | for |", "|---|---|---|---|"]
    for name, action in ACTIONS.items():
        options = "; ".join(f"`{option}`: {meaning}" for option, meaning in action.options.items()) or "none"
        kinds = ", ".join(f"`{kind}`" for kind in action.types) or "every type"
        rows.append(f"| `{name}` | {action.summary} | {options} | {kinds} |")
    return "\n".join(rows) + "\n"


def claims() -> str:
    """Return the table of what only a live account can confirm."""
    rows = ["| behaviour of the sandbox | test | needs |", "|---|---|---|"]
    rows += [
        f"| {claim.says} | `{claim.test}` | {f'`{claim.needs}`' if claim.needs else 'cents'} |" for claim in CLAIMS
    ]
    return "\n".join(rows) + "\n"


def limits() -> str:
    """Return the table of what the sandbox cannot show."""
    rows = ["| it cannot show | on a live account |", "|---|---|"]
    rows += [f"| {limit.says} | {f'`{limit.test}`' if limit.test else limit.because} |" for limit in LIMITS]
    return "\n".join(rows) + "\n"


def test_the_page_has_the_tables_as_they_are(update_golden: bool) -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = text
    for name, made in (
        ("types", types()),
        ("faults", faults()),
        ("breaks", breaks()),
        ("claims", claims()),
        ("limits", limits()),
    ):
        begin, end = f"<!-- generated: {name} -->\n", f"<!-- end: {name} -->"
        head, _, rest = wanted.partition(begin)
        _, _, tail = rest.partition(end)
        wanted = f"{head}{begin}{made}{end}{tail}"
    if update_golden:
        PAGE.write_text(wanted, encoding="utf-8")
    assert text == wanted or update_golden, "run pytest tests/contracts/test_documented.py --update-golden"


def live_tests() -> set[str]:
    """The names of all tests that compare the sandbox with AWS."""
    from . import test_live, test_live_endpoints

    return {name for module in (test_live, test_live_endpoints) for name in vars(module) if name.startswith("test_")}


def test_every_claim_names_a_live_test() -> None:
    tests = live_tests()
    assert [claim.id for claim in CLAIMS if claim.test not in tests] == []
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
    assert [limit.says for limit in LIMITS if bool(limit.test) == bool(limit.because)] == []
    assert [limit.test for limit in LIMITS if limit.test and limit.test not in tests] == []


def test_every_live_test_confirms_a_claim() -> None:
    assert live_tests() - {claim.test for claim in CLAIMS} == set()


def test_every_property_is_tested() -> None:
    assert {case.type: untested(case) for case in (*CASES, NESTED) if untested(case)} == {}
