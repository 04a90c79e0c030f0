"""Plans as a comment reads them, valid by default, and what must hold of the comment that is made of them."""

from __future__ import annotations

import re

from hypothesis import Phase
from markdown_it import MarkdownIt
from msgspec.structs import replace

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
    SeenStack,
    SeenStackDrift,
    SeenVerdict,
)
from esmcfn.errors import INVISIBLE
from esmcfn.render.comment import COMMENT, Where, comment

UNSHRUNK = (Phase.explicit, Phase.generate)
"""Shrinking thousands of changes takes minutes and says no more."""

RUN = "https://github.example/o/r/actions/runs/1"


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


def a_drifting(*found, state=State.DRIFTED, **changes):
    return replace(a_seen_stack(a_change()), drift=SeenStackDrift(state=state, found=found, **changes))


def a_hand(fate=Fate.OVERWRITTEN, logical_id="Role", properties=True, **changes):
    seen = (SeenDriftedProperty("Tags/Owner", "me", None, "you", fate),) if properties else ()
    common = {"resource_type": "AWS::IAM::Role", "name": "r", "state": State.DRIFTED, "properties": seen}
    return SeenDrifted(logical_id=logical_id, fate=fate, **{**common, **changes})
