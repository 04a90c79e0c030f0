"""Templates, masks, readers, endpoints beside, and what a report is worth."""

from __future__ import annotations

import pytest
from builders import a_base_stack, a_project, a_selection, a_stack, a_target
from fakes import NOW
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from subjects import ALONE, IN_SYNC, OWN, SHARED, an_endpoint, deployed, resources, subject

from esmcfn import drift
from esmcfn.domain.drift import (
    Detection,
    EnvironmentDrift,
    ResourceDrift,
    StackDrift,
    State,
    Unmanaged,
    UnmanagedEndpoint,
)
from esmcfn.drift import hosting
from esmcfn.drift.masking import shown
from esmcfn.drift.readers import READERS
from esmcfn.template import synthesize, synthesize_all
from esmcfn.verbs.deploy.bootstrapping import Repository, bootstrap_selection


class TestTemplate:
    def test_one_that_somebody_wrote_by_hand_is_drift_of_the_stack(self):
        stack = deployed(OWN)
        assert drift.judge_template(stack, stack.digest, planning="esmcfn plan dev") is None
        judged = drift.judge_template(stack, "sha256:other", planning="esmcfn plan dev")
        assert (judged.state, judged.differences[0].observed) == (State.DRIFTED, "sha256:other")
        assert "not JSON" in drift.judge_template(stack, None, planning="esmcfn plan dev").differences[0].observed

    def test_another_digest_than_the_files_make_is_not_deployed_yet_and_no_drift(self):
        stack = deployed(OWN)
        (note,) = drift.stack_notes(stack, environment="dev", wanted_digest="sha256:new", failure="")
        assert note.startswith("not deployed yet")
        assert not list(drift.stack_notes(stack, environment="dev", wanted_digest=stack.digest, failure=""))
        (note,) = drift.stack_notes(None, environment="dev", wanted_digest="sha256:new", failure="")
        assert note.startswith("not deployed:")
        notes = list(drift.stack_notes(stack, environment="dev", wanted_digest=None, failure="busy"))
        assert notes[0].startswith("selected no more")
        assert notes[1].endswith("busy")

    @pytest.mark.parametrize("body", [None, {}, {"Resources": []}, {"Resources": {"Model": "odd"}}])
    def test_a_template_that_is_none_of_ours_says_nothing(self, body):
        assert drift.expected(body, resources(synthesize(OWN).body), a_target()) == {}

    def test_a_resource_without_properties_has_none(self):
        body = {"Resources": {"Model": {"Type": "AWS::SageMaker::Model"}}}
        (found,) = drift.expected(body, resources(synthesize(OWN).body), a_target()).values()
        assert (found.properties, found.tags) == ({}, {})
        assert found.name == synthesize(OWN).names["Model"].lower()


class TestMasking:
    def test_the_same_value_has_the_same_hash_and_another_one_has_another(self):
        one, again, other, elsewhere = (
            shown("PrimaryContainer/Environment/A", value, salt=salt)
            for value, salt in (("x", "s"), ("x", "s"), ("y", "s"), ("x", "t"))
        )
        assert one == again
        assert len({one, other, elsewhere}) == 3
        assert one.startswith("(hidden, hash ")

    def test_what_is_inside_of_json_is_masked_too(self):
        text = shown("PrimaryContainer", '{"Environment":{"A":"very secret"},"Image":"i","N":[true,null]}', salt="s")
        assert "very secret" not in text
        assert '"Image":"i"' in text

    def test_tags_are_for_everybody_to_read(self):
        assert shown("Tags/Environment", "dev", salt="s") == "dev"
        assert shown("Description", "{not json", salt="s") == "{not json"
        assert shown("Description", None, salt="s") is None

    @given(st.text(min_size=1).filter(lambda text: len(text) > 8 and text not in "(hidden, hash 0123456789abcdef)"))
    def test_no_value_of_a_variable_is_ever_repeated(self, value):
        masked = shown("PrimaryContainer/Environment", {"NAME": value, "LIST": [value]}, salt="s")
        assert value not in masked


class TestReaders:
    """The table is whole, and a fresh deployment of anything is in sync by it."""

    ROOTS = bootstrap_selection(a_project(), a_selection(), Repository(name="acme/models")).bootstrap
    STACKS = (OWN, a_stack(), a_stack(parked=True), SHARED, a_base_stack(), ROOTS)

    @pytest.mark.parametrize("stack", STACKS)
    def test_every_type_that_esmcfn_emits_has_a_line(self, stack):
        for resource in resources(synthesize(stack).body):
            reader = READERS.get(resource.resource_type)
            assert reader is not None, f"say in drift/readers.py who compares {resource.resource_type}"

    @pytest.mark.parametrize("stack", STACKS)
    def test_whatever_is_written_is_compared_by_us_or_said_not_to_be(self, stack):
        for name, written in synthesize(stack).body["Resources"].items():
            reader = READERS[written["Type"]]
            if reader.ours:
                rest = set(written["Properties"]) - reader.read - {"Tags", *reader.not_compared}
                assert not rest, f"{name}: nobody but CloudFormation compares {rest}"

    @pytest.mark.parametrize("stack", STACKS)
    def test_tags_are_asked_for_only_where_cloudformation_did_not_find_all_in_sync(self, stack):
        for resource in resources(synthesize(stack).body):
            reader = READERS[resource.resource_type]
            assert drift.wants_tags(resource, Detection()) == reader.tagged
            assert not drift.wants_tags(resource, Detection(drifts={resource.logical_id: IN_SYNC}))


class TestUnmanaged:
    CONFIG = {"ProductionVariants": [{"VariantName": "variant-1", "InstanceType": "ml.g5.xlarge"}]}

    def test_what_runs_is_counted_and_what_failed_runs_nothing(self):
        assert hosting.instances(self.CONFIG, an_endpoint()) == (("ml.g5.xlarge", 1),)
        failed = an_endpoint(status="Failed", variants=())
        assert hosting.instances(self.CONFIG, failed) == (("ml.g5.xlarge", 0),)

    @pytest.mark.parametrize(
        ("config", "endpoint"),
        [
            (None, an_endpoint()),
            (CONFIG, None),
            (CONFIG, an_endpoint(variants=())),
            ({"ProductionVariants": [{"VariantName": "variant-1"}]}, an_endpoint()),
            ({"ProductionVariants": "odd"}, an_endpoint()),
        ],
    )
    def test_what_nobody_can_count_is_unknown_and_not_zero(self, config, endpoint):
        assert hosting.instances(config, endpoint) is None


def a_drift(*resources: ResourceDrift, **changes) -> EnvironmentDrift:
    made = EnvironmentDrift(
        environment="dev",
        account="123456789012",
        region="us-east-2",
        as_of=NOW,
        stacks=(StackDrift(name="esm-dev", model=None, deployed=None, selected=True, resources=resources),),
        unmanaged=Unmanaged(),
    )
    return replace(made, **changes)


def test_incomplete_coverage_is_news_only_when_strict():
    judged = drift.judge(subject("Bucket", body=ALONE, native=None))
    assert (a_drift(judged).complete, a_drift(judged).bad) == (False, False)
    assert a_drift(judged, strict=True).bad
    unread = a_drift(unmanaged=Unmanaged(unread="denied"))
    assert (unread.complete, replace(unread, strict=True).bad) == (False, True)


def test_what_is_dear_or_of_unknown_price_comes_first():
    def one(name, usd):
        return UnmanagedEndpoint(
            name=name, status="InService", created_at=NOW, tags=None, instances=None, monthly_usd=usd
        )

    ordered = hosting.sorted_endpoints([one("a", 1), one("b", 2), one("c", None)])
    assert [each.name for each in ordered] == ["c", "b", "a"]


def test_every_stack_of_a_selection_is_in_sync_with_itself():
    for template in synthesize_all(a_selection(OWN, base=SHARED)):
        for logical_id in template.body["Resources"]:
            assert drift.judge(subject(logical_id, of=template.stack)).state is State.IN_SYNC, logical_id
