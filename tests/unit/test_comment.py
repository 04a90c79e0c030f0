"""One comment for all environments: within the limits, balanced, and nobody's text becomes markup, whatever comes."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from esmcfn import documents
from esmcfn.cli.program import program
from esmcfn.domain.drift import State
from esmcfn.domain.finding import Level
from esmcfn.domain.overwriting import Fate
from esmcfn.domain.plan import Action, Impact, StackAction
from esmcfn.domain.review import (
    Expected,
    Planned,
    SeenChange,
    SeenCost,
    SeenDrifted,
    SeenDriftedProperty,
    SeenFinding,
    SeenHeadroom,
    SeenProperty,
    SeenStack,
    SeenStackDrift,
    SeenVerdict,
    Unplanned,
)
from esmcfn.errors import INVISIBLE, ExitCode, Problem
from esmcfn.inputs.planned import seen
from esmcfn.render.comment import COMMENT, MARKER, SUMMARY, Where, comment

UNSHRUNK = (Phase.explicit, Phase.generate)
"""Shrinking thousands of changes takes minutes and says no more."""

RUN = "https://github.example/o/r/actions/runs/1"
EVIL = (
    "</details><img src=x onerror=alert(1)>",
    "-->",
    "```\n# heading",
    "`code` | cell |",
    "@octocat @team/all",
    "#1 GH-2 o/r#3",
    "https://evil.example www.evil.example",
    "[link](javascript:alert(1)) ![x](y)",
    "::error::owned\n::add-mask::x",
    "##[add-mask]x",
    "\u202egnp.exe",
    "a\n\n</details>\n\n<script>",
    "> [!CAUTION]",
    "\\",
    "",
    " ",
    "💥" * 40,
    "$\\LaTeX$ ~~gone~~ **bold** _it_",
)


def a_change(action=Action.MODIFY, logical_id="Endpoint", **changes):
    impact = {Action.DELETE: Impact.DELETES, Action.REPLACE: Impact.REPLACES}.get(action, Impact.NONE)
    common = {"resource_type": "AWS::SageMaker::Endpoint", "impact": impact, "meaning": "something happens"}
    return SeenChange(action=action, logical_id=logical_id, **{**common, **changes})


def a_seen_stack(*changes, name="esm-dev", action=StackAction.UPDATE, notes=()):
    return SeenStack(name=name, action=action, changes=changes, notes=notes)


def a_blocking(rule="ESM001", **changes):
    common = {"level": Level.HARD, "message": "too many", "file": "environments/dev.yaml", "line": 7}
    return SeenFinding(rule=rule, **{**common, **changes})


def a_planned(*stacks, environment="dev", findings=(), **changes):
    common = {
        "plan_id": "sha256:" + "ab" * 32,
        "account": "123456789012",
        "region": "us-east-2",
        "expires_at": "2026-01-02T00:00:00Z",
        "summary": {},
        "cost": SeenCost("USD", "1.00", "2.50", "1.50"),
        "verdict": SeenVerdict(blocked=any(each.blocks for each in findings), reasons=()),
    }
    return Planned(environment=environment, stacks=stacks, findings=findings, **{**common, **changes})


def rendered(*environments, limit=COMMENT, expected=None):
    return comment(environments, expected or Expected(), Where(run=RUN, limit=limit))


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


def assert_sound(text):
    """What GitHub makes of it has our elements and no others."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert not [token for token in tokens if token.type in {"fence", "code_block", "heading_open"}][1:]
    for token in tokens:
        if token.type == "html_block":
            ours = r"(<!-- esmcfn:plan [^<>]* -->|<details><summary>.*</summary>|</details>)\n*"
            assert re.fullmatch(ours, token.content), token.content
            assert re.findall(r"<(?!/?(?:details|summary|code)>|!-- esmcfn)", token.content) == []
    assert not [child for child in inline if child.type in {"html_inline", "image", "em_open", "s_open"}]
    assert {child.attrs["href"] for child in inline if child.type == "link_open"} <= {RUN}
    prose = "\n".join(child.content for child in inline if child.type == "text")
    assert not re.search(r"@\w|#\d|GH-\d|www\.\w|://\w", prose, re.IGNORECASE)
    opened = sum(line.startswith("<details>") for line in text.splitlines())
    assert opened == sum(line == "</details>" for line in text.splitlines())
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert not re.search(INVISIBLE, text.replace("\n", ""))


def table(text):
    return [line for line in text.splitlines() if line.startswith("|")]


def test_a_deletion_that_stands_last_of_three_thousand_changes_is_named_and_the_cut_is_said():
    adds = [a_change(Action.ADD, f"Added{number}", meaning="m" * 80) for number in range(3000)]
    gone = a_seen_stack(a_change(Action.DELETE, "TheOne"), name="esm-dev-last", action=StackAction.DELETE)
    text = rendered(a_planned(a_seen_stack(*adds), gone))
    assert utf16(text) <= 65_536
    assert text.index("TheOne") < text.index("Added0")
    cut = re.search(r"Not shown here, for its length: (\d+) additions\. Everything is in \[", text)
    assert cut
    assert int(cut[1]) == 3000 - len(re.findall(r"\*\*add\*\* `Added\d+`", text))
    assert_sound(text)


def test_fifteen_hundred_deletions_in_five_hundred_stacks_are_all_named():
    stacks = [
        a_seen_stack(
            *(a_change(Action.DELETE, name) for name in ("Endpoint", "EndpointConfig", "Model")),
            name=f"esm-production-model-{number:04}",
            action=StackAction.DELETE,
        )
        for number in range(500)
    ]
    text = rendered(a_planned(*stacks))
    assert utf16(text) <= 65_536
    assert all(stack.name in text for stack in stacks)
    assert "| **1500** |" in text


def test_what_no_comment_could_hold_is_counted_and_said_to_be():
    changes = [a_change(Action.DELETE, f"R{number}{'x' * 120}") for number in range(2000)]
    text = rendered(a_planned(a_seen_stack(*changes)))
    assert utf16(text) <= 65_536
    named = len(re.findall(r"\*\*delete\*\* `R\d+x", text.partition("<details>")[0]))
    assert named > 50
    assert f"and {2000 - named} more lines like these" in text
    assert "| **2000** |" in text
    assert_sound(text)


def test_counts_are_of_the_changes_that_are_listed_not_those_that_a_file_claims():
    plan = a_planned(a_seen_stack(a_change(Action.DELETE)), summary={"delete": 0, "add": 9})
    assert "| `dev` | 0 | 0 | 0 | **1** |" in rendered(plan)


def test_an_environment_that_failed_has_a_row_and_its_reasons():
    failed = Unplanned(
        environment="prod",
        message="1 problem in the input",
        exit_code=ExitCode.INPUT,
        next_step="correct the line",
        problems=(Problem("environments/prod.yaml", 7, 5, "prototype_model: unknown", "did you mean ESMC-300M?"),),
    )
    text = rendered(a_planned(), failed)
    assert "| `prod` | | | | | **no plan**: exit code 3 | | | |" in text
    assert "environments/prod.yaml:7:5" in text
    assert "did you mean ESMC-300M?" in text
    assert "+1.50, 1 unknown" in text


def a_drifting(*found, state=State.DRIFTED, **changes):
    return replace(a_seen_stack(a_change()), drift=SeenStackDrift(state=state, found=found, **changes))


def a_hand(fate=Fate.OVERWRITTEN, logical_id="Role", properties=True, **changes):
    seen = (SeenDriftedProperty("Tags/Owner", "me", None, "you", fate),) if properties else ()
    common = {"resource_type": "AWS::IAM::Role", "name": "r", "state": State.DRIFTED, "properties": seen}
    return SeenDrifted(logical_id=logical_id, fate=fate, **{**common, **changes})


def test_what_somebody_changed_by_hand_and_a_deployment_overwrites_is_warned_of_and_counted():
    text = rendered(a_planned(a_drifting(a_hand(), a_hand(Fate.KEPT, "Other"))))
    assert "| **2 drifted** |" in text
    warned, _, details = text.partition("<details>")
    assert (
        "> - `dev` `esm-dev/Role` will be overwritten: `Tags/Owner`: now `me`, deployed `(none)`, would be `you`"
        in warned
    )
    assert "Other" not in warned
    assert "drift `Other`" in details
    assert details.count("- `esm-dev update`") == 1


def test_what_nobody_compared_is_not_in_sync():
    unseen = SeenDrifted(None, "AWS::CloudFormation::Stack", "esm-dev", State.NOT_CHECKED, why_not_checked="denied")
    assert "| 1 not checked |" in rendered(a_planned(a_drifting(unseen, state=State.NOT_CHECKED)))
    assert "| 1 not checked |" in rendered(a_planned(a_drifting(state=State.NOT_CHECKED, why_not_checked="denied")))
    assert "| not looked at |" in rendered(a_planned(a_seen_stack(a_change())))
    assert "| in sync |" in rendered(a_planned(a_drifting(state=State.IN_SYNC)))


def test_what_only_an_option_compares_is_one_line_of_the_details():
    unseen = [
        SeenDrifted(
            name, "AWS::SNS::Topic", name, State.NOT_CHECKED, why_not_checked=f"nobody compares {name}", unasked=True
        )
        for name in ("One", "Two", "Three")
    ]
    text = rendered(a_planned(a_drifting(*unseen, state=State.NOT_CHECKED)))
    assert "drift 3 resources not checked: CloudFormation's own detection was not asked (plan --drift)" in text
    assert text.count("not asked") == 1
    assert "| 3 not checked |" in text


def test_a_plan_that_reverts_says_so_and_what_stays_is_not_said_to_go_with_the_rest():
    hand = a_hand()
    key = replace(hand.properties[0], path="AccessKeys/one", fate=Fate.KEPT)
    text = rendered(a_planned(a_drifting(replace(hand, properties=(*hand.properties, key))), revert_drift=True))
    assert "> - `dev`: this plan puts back what drifted (`--revert-drift`)" in text
    assert "`esm-dev/Role` goes back: `Tags/Owner`" in text
    assert "`esm-dev/Role` stays as it is: `AccessKeys/one`" in text
    assert "overwritten" not in text.split("<details>")[0]


def test_two_thousand_overwritten_resources_are_named_or_said_to_be_more_than_can_be():
    hands = [a_hand(logical_id=f"Resource{number}") for number in range(500)]
    text = rendered(a_planned(a_drifting(*hands)))
    assert all(f"`esm-dev/Resource{number}`" in text.partition("<details>")[0] for number in range(500))
    many = rendered(a_planned(a_drifting(*(a_hand(logical_id=f"Resource{number}") for number in range(3000)))))
    assert "| **3000 drifted** |" in many
    assert "more lines like these, too many for a comment" in many


def test_quotas_that_do_not_hold_or_that_nobody_could_read_are_warned_of():
    full = SeenHeadroom("ml.g5.2xlarge", limit=2, in_use_elsewhere=1, peak=2, after=1)
    unread = SeenHeadroom(None, limit=None, in_use_elsewhere=None, peak=2, after=1, why_unknown="denied")
    fine = SeenHeadroom("ml.g5.4xlarge", limit=20, in_use_elsewhere=1, peak=2, after=1)
    warned = rendered(a_planned(headroom=(full, unread, fine))).partition("<details>")[0]
    assert "`dev` ml.g5.2xlarge: 2 instances at the peak beside 1 of other endpoints, the quota is 2" in warned
    assert "is unknown: denied" in warned
    assert "ml.g5.4xlarge" not in warned


def test_what_blocks_is_named_even_where_no_finding_does():
    over = a_planned(verdict=SeenVerdict(blocked=True, reasons=("over budget by 5.00 USD",)))
    text = rendered(over, a_planned(environment="qa", findings=(a_blocking(),)))
    assert "`dev` over budget by 5.00 USD" in text
    assert "`qa` **hard** `ESM001` `environments/dev.yaml:7`: too many" in text
    assert "**2 blocked**" in text


def test_an_environment_without_a_file_is_left_to_a_person_and_a_sandbox_is_said_to_be_one():
    text = rendered(a_planned(), expected=Expected(environments=("dev",), vanished=("old",), sandbox=("dev",)))
    assert "`esmcfn destroy old --like ANOTHER`" in text
    assert "not deployed by a workflow: `dev`" in text


def test_no_environment_is_no_empty_table():
    text = rendered()
    assert text.startswith(MARKER)
    assert "no environment changes" in text
    assert table(text) == []


def test_the_marker_holds_every_plans_id_and_cannot_be_ended_by_a_name():
    text = rendered(a_planned(environment="--><b>"), a_planned(environment="##[add-mask]x"))
    hidden = re.fullmatch(r"<!-- esmcfn:plan (.*) -->", text.splitlines()[0])
    assert json.loads(hidden[1])["plans"] == {"--><b>": "sha256:" + "ab" * 32, "##[add-mask]x": "sha256:" + "ab" * 32}
    assert "--" not in hidden[1]
    assert "##[" not in hidden[1]


texts = st.one_of(st.sampled_from(EVIL), st.text(max_size=60), st.sampled_from(EVIL).map(lambda text: text * 30))
maybe = st.none() | texts
properties = st.builds(SeenProperty, path=texts, before=maybe, after=maybe, replaces=st.booleans())
changes = st.builds(
    SeenChange,
    action=st.sampled_from(Action),
    logical_id=texts,
    resource_type=texts,
    impact=st.sampled_from(Impact),
    meaning=texts,
    name=maybe,
    physical_id=maybe,
    properties=st.lists(properties, max_size=3).map(tuple),
)
drifted_properties = st.builds(
    SeenDriftedProperty, path=texts, now=maybe, deployed=maybe, planned=maybe, fate=st.sampled_from(Fate)
)
drifted = st.builds(
    SeenDrifted,
    logical_id=maybe,
    resource_type=texts,
    name=texts,
    state=st.sampled_from(State),
    fate=st.none() | st.sampled_from(Fate),
    properties=st.lists(drifted_properties, max_size=2).map(tuple),
    why_not_checked=maybe,
    next_step=maybe,
)
drifts = st.builds(
    SeenStackDrift,
    state=st.sampled_from(State),
    found=st.tuples(st.lists(drifted, max_size=2), st.sampled_from([1, 1, 1, 40])).map(
        lambda pair: tuple(pair[0] * pair[1])
    ),
    why_not_checked=maybe,
)
counts = st.none() | st.integers(0, 9)
headrooms = st.builds(SeenHeadroom, maybe, counts, counts, st.integers(0, 9), st.integers(0, 9), maybe)
stacks = st.builds(
    SeenStack,
    name=texts,
    drift=st.none() | drifts,
    action=st.sampled_from(StackAction),
    changes=st.lists(changes, max_size=4).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
)
findings = st.builds(
    SeenFinding,
    rule=texts,
    level=st.sampled_from(Level),
    message=texts,
    file=maybe,
    line=st.none() | st.integers(1, 9),
    waived_by=maybe,
    advice=texts,
)
money = st.none() | st.decimals(-(10**9), 10**9, places=2).map(str)
plans = st.builds(
    Planned,
    plan_id=st.just("sha256:" + "cd" * 32),
    environment=texts,
    account=texts,
    region=texts,
    expires_at=texts,
    summary=st.just({}),
    stacks=st.lists(stacks, max_size=3).map(tuple),
    findings=st.lists(findings, max_size=4).map(tuple),
    cost=st.builds(
        SeenCost,
        texts,
        before_monthly=money,
        after_monthly=money,
        delta_monthly=money,
        infrastructure_only=st.booleans(),
    ),
    verdict=st.builds(SeenVerdict, blocked=st.booleans(), reasons=st.lists(texts, max_size=2).map(tuple)),
    server_side=st.booleans(),
    delete_first=st.booleans(),
    headroom=st.lists(headrooms, max_size=2).map(tuple),
)
problems = st.builds(Problem, texts, st.integers(1, 9), st.integers(1, 9), texts, texts)
failures = st.builds(
    Unplanned,
    environment=texts,
    message=texts,
    exit_code=st.sampled_from(ExitCode),
    next_step=texts,
    problems=st.lists(problems, max_size=3).map(tuple),
)


def many(each, times):
    """The same environment with so many times as many changes."""
    if isinstance(each, Unplanned):
        return each
    return replace(each, stacks=tuple(replace(stack, changes=stack.changes * times) for stack in each.stacks))


@settings(phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
@given(
    st.lists(plans | failures, max_size=4),
    st.lists(texts, max_size=3).map(tuple),
    st.sampled_from([COMMENT, SUMMARY]),
    st.sampled_from([1, 200]),
)
@example([], (), COMMENT, 1)
@example([a_planned(environment="##[add-mask]x" * 3)], ("##[add-mask]x",), COMMENT, 1)
def test_whatever_is_in_the_plans_it_fits_is_balanced_and_nobodys_text_is_markup(seen, names, limit, times):
    seen = [many(each, times) for each in seen]
    text = rendered(*seen, limit=limit, expected=Expected(vanished=names, sandbox=names))
    assert limit is SUMMARY or utf16(text) <= 65_536
    assert len(text.encode()) <= (2**20 if limit is SUMMARY else 200_000)
    assert text.startswith(MARKER)
    assert_sound(text)


@settings(phases=UNSHRUNK)
@given(st.integers(1, 500), st.integers(0, 2500), st.randoms(use_true_random=True))
def test_among_thousands_of_changes_no_destructive_one_and_no_blocking_finding_is_dropped(ends, others, random):
    every = [a_change(Action.DELETE if number % 2 else Action.REPLACE, f"End{number}") for number in range(ends)]
    every += [a_change(random.choice([Action.ADD, Action.MODIFY]), f"Other{number}") for number in range(others)]
    random.shuffle(every)
    split = [a_seen_stack(*every[at : at + 200], name=f"esm-dev-{at}") for at in range(0, len(every), 200)]
    text = rendered(a_planned(*split, findings=tuple(a_blocking(f"ESM{number:03}") for number in range(20))))
    assert utf16(text) <= 65_536
    warned = text.partition("<details>")[0]
    assert all(f"`End{number}`" in warned for number in range(ends))
    assert all(f"`ESM{number:03}`" in warned for number in range(20))
    assert "sha256:" + "ab" * 32 in text


def a_document(tmp_path, name="dev", **changes):
    """A plan's file, whole unless it is changed afterwards."""
    document = {
        "schema": "esmcfn.plan/v1",
        "environment": name,
        "account": "1",
        "region": "us-east-2",
        "expires_at": "2026-01-02T00:00:00Z",
        "summary": {},
        "stacks": [],
        "findings": [],
        "cost": {"currency": "USD", "before_monthly": None, "after_monthly": "1.00", "delta_monthly": None},
        "verdict": {"blocked": False, "reasons": []},
        **changes,
    }
    document["plan_id"] = documents.plan_id(document)
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "null",
        '{"schema": "esmcfn.plan/v1"}',
        '{"schema": 1}',
        "\ud800",
        "[" * 100_000,
        '{"schema": "esmcfn.plans/v1"}',
    ],
)
def test_a_file_that_is_no_plan_is_an_environment_without_one_and_the_others_are_shown(tmp_path, content):
    bad = tmp_path / "prod.json"
    bad.write_bytes(content.encode("utf-8", "surrogatepass"))
    done = CliRunner().invoke(program, ["comment", str(bad), str(a_document(tmp_path))], standalone_mode=False)
    assert done.return_value == 6
    assert "| `prod` | | | | | **no plan**: exit code 6 | | | |" in done.stdout
    assert "| `dev` | 0 |" in done.stdout


@pytest.mark.parametrize("amount", ["NaN", "1e99", "Infinity", "1\n", 1.0, "٣"])
def test_an_amount_that_is_no_amount_is_refused(tmp_path, amount):
    cost = {"currency": "USD", "before_monthly": None, "after_monthly": amount, "delta_monthly": None}
    (found,) = seen([a_document(tmp_path, cost=cost)])
    assert isinstance(found, Unplanned)


def test_a_file_that_was_changed_afterwards_is_refused_and_said_to_be(tmp_path):
    path = a_document(tmp_path, account="111122223333")
    path.write_text(path.read_text().replace("111122223333", "444455556666"))
    (found,) = seen([path])
    assert isinstance(found, Unplanned)
    assert found.exit_code is ExitCode.STALE
    assert "was changed after esmcfn wrote it" in found.message


def test_a_second_plan_of_an_environment_and_one_that_nobody_asked_for_are_refused(tmp_path):
    one = a_document(tmp_path)
    other = tmp_path / "zzz.json"
    other.write_text(one.read_text())
    stranger = a_document(tmp_path, "prod")
    found = {each.environment: each for each in seen([one, other, stranger], Expected(environments=("dev", "qa")))}
    assert "more than one plan" in found["dev"].message
    assert "nothing of it has changed" in found["prod"].message
    assert "no plan arrived" in found["qa"].message


def test_a_failure_is_named_after_its_file(tmp_path):
    path = tmp_path / "prod.json"
    path.write_text(json.dumps({"schema": "esmcfn.error/v1", "exit_code": 7, "message": "busy", "next_step": ""}))
    (found,) = seen([path])
    assert (found.environment, found.exit_code, found.message) == ("prod", ExitCode.BUSY, "busy")


@pytest.mark.parametrize("words", [["comment"], ["comment", "missing.json"], ["comment", "x", "--run-url", "a) [b](c"]])
def test_a_command_line_that_cannot_be_meant_is_refused(words):
    from esmcfn.cli.program import run

    assert run(words) == 2
