"""Deployed against observed: roles, users, policies and keys."""

from __future__ import annotations

from copy import deepcopy

import pytest
from builders import a_base_stack
from msgspec.structs import replace
from subjects import SHARED, found, observed, subject

from esmcfn import drift
from esmcfn.domain.drift import (
    NativeDrift,
    Side,
    State,
)
from esmcfn.template import synthesize


class TestAccess:
    ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"

    def role(self, **changes):
        return drift.judge(
            subject(
                "ExecutionRole", of=a_base_stack(), observed=observed("ExecutionRole", of=a_base_stack(), **changes)
            )
        )

    def user(self, **changes):
        return drift.judge(subject("InvokeUser", of=SHARED, observed=observed("InvokeUser", of=SHARED, **changes)))

    def test_a_policy_attached_by_hand_is_drift_with_the_command_that_detaches_it(self):
        judged = self.role(ManagedPolicyArns=[self.ADMIN])
        assert found(judged) == {f"ManagedPolicyArns/{self.ADMIN}": (None, self.ADMIN)}
        assert judged.next_step == (
            f"aws iam detach-role-policy --role-name esm-sagemaker-exec-dev --policy-arn {self.ADMIN}"
        )

    def test_an_inline_policy_and_a_boundary_that_nobody_deployed_are_drift(self):
        policies = [*observed("ExecutionRole", of=a_base_stack()).properties["Policies"], {"PolicyName": "by-hand"}]
        judged = self.role(Policies=policies, PermissionsBoundary=self.ADMIN)
        assert list(found(judged)) == ["PermissionsBoundary", "Policies/by-hand"]
        assert "delete-role-policy" in judged.next_step

    def test_a_policy_document_is_compared_by_what_it_means(self):
        (policy,) = observed("ExecutionRole", of=a_base_stack()).properties["Policies"]
        document = deepcopy(policy["PolicyDocument"])
        document["Statement"][0]["Action"].reverse()
        document["Statement"][1]["Action"] = [document["Statement"][1]["Action"]]
        assert self.role(Policies=[{**policy, "PolicyDocument": document}]).state is State.IN_SYNC
        document["Statement"][1]["Action"] = "*"
        judged = self.role(Policies=[{**policy, "PolicyDocument": document}])
        assert list(found(judged)) == ["Policies/run-models/PolicyDocument"]

    @pytest.mark.parametrize("document", ["no json", '{"Statement": {"Action": "*"}}', None])
    def test_another_trust_is_drift_in_whatever_form_it_comes(self, document):
        assert self.role(AssumeRolePolicyDocument=document).state is State.DRIFTED

    def test_a_users_extra_keys_groups_password_and_policies_are_drift(self):
        keys = observed("InvokeUser", of=SHARED).properties["AccessKeys"]
        judged = self.user(AccessKeys=[*keys, "another"], Groups=["admins"], Console="has a password")
        assert found(judged) == {
            "AccessKeys/another": (None, "another"),
            "Console": (None, "has a password"),
            "Groups/admins": (None, "admins"),
        }
        assert judged.next_step.count("aws iam") == 3

    def test_a_policy_that_was_taken_away_is_attached_again(self):
        judged = self.user(ManagedPolicyArns=[], Path="/elsewhere/")
        assert "aws iam attach-user-policy" in judged.next_step
        assert judged.differences[0].observed is None

    def test_a_policy_attached_to_others_is_drift(self):
        wanted = observed("InvokePolicy", of=SHARED).properties["AttachedTo"]
        assert wanted == ["user/esm-shared-invoke-dev"]
        reading = observed("InvokePolicy", of=SHARED, AttachedTo=[*wanted, "role/another"])
        judged = drift.judge(subject("InvokePolicy", of=SHARED, observed=reading))
        assert found(judged) == {"AttachedTo/role/another": (None, "role/another")}
        assert judged.next_step.startswith("detach policy")

    def test_a_policy_may_name_whom_it_is_for_itself(self):
        body = deepcopy(dict(synthesize(SHARED).body))
        body["Resources"]["InvokePolicy"]["Properties"]["Roles"] = ["a-role"]
        judged = drift.judge(subject("InvokePolicy", of=SHARED, body=body))
        assert judged.state is State.IN_SYNC

    def test_a_key_that_was_switched_off_is_drift(self):
        reading = observed("InvokeAccessKey", of=SHARED, Status="Inactive")
        judged = drift.judge(subject("InvokeAccessKey", of=SHARED, native=None, observed=reading))
        assert found(judged) == {"Status": ("Active", "Inactive")}
        assert "update-access-key" in judged.next_step

    def test_a_key_is_in_sync_by_our_word_alone(self):
        judged = drift.judge(subject("InvokeAccessKey", of=SHARED, native=NativeDrift(status="UNSUPPORTED")))
        assert (judged.state, judged.checked_by, judged.covered) == (State.IN_SYNC, (Side.ESMCFN,), True)

    def test_tags_of_a_role_come_with_it(self):
        role = subject("ExecutionRole", of=a_base_stack())
        reading = replace(role.observed, tags={"Project": "esm-partner", "esmcfn:environment": "prod"})
        judged = drift.judge(replace(role, observed=reading))
        assert found(judged) == {"Tags/esmcfn:environment": ("dev", "prod")}
        assert judged.next_step.startswith("set the tags back")
