"""`drift` as it is typed: exit codes, streams, formats."""

from __future__ import annotations

import pytest
from golden import FOLDER as GOLDEN

from esmcfn.errors import ExitCode

ROLE = "esm-sagemaker-exec-dev"
ANYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


@pytest.mark.parametrize("words", [("drift",), ("drift", "dev", "-f", "sarif"), ("drift", "dev", "--timeout", "soon")])
def test_words_that_cannot_be_meant(root, words):
    done = root.esmcfn(*words)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert "Traceback" not in done.err


def test_0_until_somebody_changes_something_and_12_from_then_on(root):
    root.deployed()
    clean = root.esmcfn("-v", "drift", "dev", "--strict")
    assert clean.code == ExitCode.DONE, clean.out + clean.err
    assert "Coverage 4 of 4 resources checked" in clean.out
    assert "CloudFormation compares 2 stacks" in clean.err
    root.client("iam").put_role_policy(RoleName=ROLE, PolicyName="by-hand", PolicyDocument=ANYTHING)
    for form in ("text", "json", "markdown"):
        done = root.esmcfn("drift", "dev", "-f", form)
        assert done.code == ExitCode.DRIFT, done.err
        assert "Policies/by-hand" in done.out
        assert done.err == ""
    document = root.esmcfn("drift", "dev", "-f", "json").document
    assert (document["schema"], document["verdict"]["drifted"]) == ("esmcfn.drift/v1", True)


def test_a_waiver_accepts_it_and_check_does_not_call_it_useless(root):
    root.deployed()
    root.client("iam").tag_role(RoleName=ROLE, Tags=[{"Key": "Owner", "Value": "me"}])
    root.write(
        "policies/waivers.yaml",
        "waivers:\n  - rule: DRIFT\n    environment: dev\n    resource: ExecutionRole\n    reason: an incident\n"
        "    owner: platform\n    approver: lead@example.com\n    ticket: OPS-7\n"
        "    created: 2026-11-01\n    expires: 2027-03-01\n",
    )
    done = root.esmcfn("drift", "dev")
    assert done.code == ExitCode.DONE, done.out + done.err
    assert "accepted: OPS-7" in done.out
    assert "WAIVER" not in root.esmcfn("check", "dev").out


def test_4_where_aws_does_not_answer_and_strictly_12_where_it_does_not_tell(root):
    from esmcfn import sandbox

    root.deployed()
    sandbox.fault(root.folder, "access-denied", action="iam:GetRole")
    assert root.esmcfn("drift", "dev").code == ExitCode.DONE
    strict = root.esmcfn("drift", "dev", "--strict", "-f", "json")
    assert strict.code == ExitCode.DRIFT
    assert "iam:GetRole" in strict.out
    sandbox.fault(root.folder, "access-denied", action="cloudformation:DescribeStacks")
    assert root.esmcfn("drift", "dev").code == ExitCode.CLOUD


def test_what_was_planned_to_go_back_goes_back_and_nothing_else(root):
    root.deployed()
    iam = root.client("iam")
    iam.put_role_policy(RoleName=ROLE, PolicyName="by-hand", PolicyDocument=ANYTHING)
    assert root.esmcfn("plan", "dev", "--detailed-exitcode").code == ExitCode.DONE
    planned = root.esmcfn("plan", "dev", "--revert-drift", "--out", "plan.json", "-f", "json", "--detailed-exitcode")
    assert planned.code == ExitCode.CHANGES, planned.err
    assert planned.document["revert_drift"] is True
    assert planned.document["summary"]["modify"] == 1
    iam.put_role_policy(RoleName=ROLE, PolicyName="later", PolicyDocument=ANYTHING)
    stale = root.esmcfn("deploy", "--plan", "plan.json", "--yes")
    assert (stale.code, "moved since it was reviewed" in stale.err) == (ExitCode.STALE, True)
    iam.delete_role_policy(RoleName=ROLE, PolicyName="later")
    done = root.esmcfn("deploy", "--plan", "plan.json", "--yes")
    assert done.code == ExitCode.DONE, done.out + done.err
    assert root.esmcfn("drift", "dev", "--strict").code == ExitCode.DONE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "dev", "--revert-drift", "--read-only"), "--read-only makes none"),
        (("plan", "dev", "--revert-drift", "--delete-first"), "choose one"),
        (("deploy", "dev", "--yes", "--revert-drift", "--delete-first"), "choose one"),
        (("deploy", "--plan", "plan.json", "--yes", "--revert-drift"), "belong to planning"),
    ],
)
def test_reverting_contradicts_what_makes_no_change_set_or_deletes(root, words, said):
    root.write("plan.json", (GOLDEN / "plans" / "basic" / "first.json").read_text("utf-8"))
    done = root.esmcfn(*words)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert said in done.err
