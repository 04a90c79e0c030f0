"""Where an endpoint stands: every word of SageMaker's is known, and each view is told from the others."""

from __future__ import annotations

import json
from datetime import timedelta

import botocore.session
import golden
import pytest
from builders import a_neighbour, a_project, a_selection, a_stack, a_variant, an_environment
from built import built, template_of
from fakes import NOW, FakeEndpoints, FakeIdentity, FakeStacks, a_world
from msgspec.structs import replace

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.endpoint import (
    BROKEN,
    ENDPOINT_STATUSES,
    IN_SERVICE,
    MOVING,
    VARIANT_STATUSES,
    LogLine,
    ObservedEndpoint,
    ObservedVariant,
)
from esmcfn.domain.report import Report
from esmcfn.domain.standing import EnvironmentStatus, ModelStatus, Standing
from esmcfn.errors import AccessDenied, CloudError, ExitCode, WrongAccount
from esmcfn.render import FORMATS, render
from esmcfn.standing import expected, judge, meaning
from esmcfn.verbs.plan.planning import make_plan
from esmcfn.verbs.watch.watching import status

WANTED = "EndpointConfig-wanted"
SUFFIXES = {"text": "txt", "json": "json", "markdown": "md"}
SAGEMAKER = botocore.session.Session().get_service_model("sagemaker")


def an_endpoint(**changes) -> ObservedEndpoint:
    made = ObservedEndpoint(name="E", status=IN_SERVICE, config_name=WANTED, created_at=NOW, modified_at=NOW)
    return replace(made, **changes)


def a_deployed(**changes) -> DeployedStack:
    made = DeployedStack(
        name="esm-dev-a",
        stack_id="arn",
        status="CREATE_COMPLETE",
        digest="",
        model="a",
        outputs={"EndpointName": "E", "EndpointConfigName": WANTED},
    )
    return replace(made, **changes)


class TestWords:
    """A new word of SageMaker's in botocore's model fails here before it fails at a user's."""

    def test_every_endpoint_status_is_known(self):
        assert set(SAGEMAKER.shape_for("EndpointStatus").enum) == set(ENDPOINT_STATUSES)

    def test_every_variant_status_is_known(self):
        assert set(SAGEMAKER.shape_for("VariantStatus").enum) == set(VARIANT_STATUSES)

    @pytest.mark.parametrize("word", SAGEMAKER.shape_for("EndpointStatus").enum)
    def test_every_endpoint_status_comes_to_something(self, word):
        assert (word in MOVING) + (word in BROKEN) + (word == IN_SERVICE) == 1
        standing = judge(a_deployed(), an_endpoint(status=word), wanted_config=WANTED)
        assert standing is not Standing.UNCLEAR
        assert bool(ENDPOINT_STATUSES[word]) == (word != IN_SERVICE)

    def test_a_word_that_nobody_knows_is_unclear_and_said_to_be(self):
        endpoint = an_endpoint(status="Hibernating")
        assert judge(a_deployed(), endpoint, wanted_config=WANTED) is Standing.UNCLEAR
        assert "does not know this word" in meaning(a_deployed(), endpoint)


class TestJudgement:
    @pytest.mark.parametrize(
        ("deployed", "endpoint", "wanted", "standing"),
        [
            (None, None, WANTED, Standing.NOT_DEPLOYED),
            (None, None, None, Standing.PARKED),
            (a_deployed(status="ROLLBACK_COMPLETE"), None, WANTED, Standing.NOT_DEPLOYED),
            (a_deployed(), None, WANTED, Standing.MISSING),
            (a_deployed(), None, None, Standing.MISSING),
            (a_deployed(outputs={}), None, None, Standing.PARKED),
            (a_deployed(outputs={}), None, WANTED, Standing.PARKED),
            (a_deployed(status="CREATE_IN_PROGRESS", outputs={}), None, WANTED, Standing.CHANGING),
            (a_deployed(status="CREATE_FAILED", outputs={}), None, WANTED, Standing.FAILED),
            (a_deployed(status="UPDATE_ROLLBACK_FAILED"), None, WANTED, Standing.MISSING),
            (a_deployed(), an_endpoint(), WANTED, Standing.IN_SERVICE),
            (a_deployed(status="UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), an_endpoint(), WANTED, Standing.IN_SERVICE),
            (a_deployed(), an_endpoint(), None, Standing.IN_SERVICE),
            (a_deployed(), an_endpoint(config_name="old"), WANTED, Standing.OTHER),
            (a_deployed(), an_endpoint(config_name="old"), None, Standing.OTHER),
            (a_deployed(status="UPDATE_IN_PROGRESS"), an_endpoint(config_name="old"), WANTED, Standing.CHANGING),
            (a_deployed(), an_endpoint(status="Updating", config_name="old"), WANTED, Standing.CHANGING),
            (a_deployed(status="UPDATE_IN_PROGRESS"), an_endpoint(status="Failed"), WANTED, Standing.FAILED),
            (a_deployed(), an_endpoint(status="UpdateRollbackFailed"), WANTED, Standing.FAILED),
        ],
    )
    def test_three_views_come_to_one_standing(self, deployed, endpoint, wanted, standing):
        assert judge(deployed, endpoint, wanted_config=wanted) is standing

    @pytest.mark.parametrize(
        ("deployed", "asked"),
        [
            (None, False),
            (a_deployed(status="ROLLBACK_COMPLETE"), False),
            (a_deployed(outputs={}), False),
            (a_deployed(outputs={}, status="CREATE_IN_PROGRESS"), True),
            (a_deployed(outputs={}, status="UPDATE_ROLLBACK_COMPLETE"), True),
            (a_deployed(), True),
        ],
    )
    def test_sagemaker_is_asked_only_where_it_may_know_something(self, deployed, asked):
        assert expected(deployed) is asked


TWO = a_selection(a_stack(), a_stack("performance_model"))
NAMES = {stack.model: stack.endpoint_name for stack in TWO.models}
CONFIGS = {stack.model: template_of(stack).names["EndpointConfig"] for stack in TWO.models}


def serving(selection=TWO) -> FakeEndpoints:
    endpoints = FakeEndpoints()
    for stack in selection.models:
        if not stack.parked:
            endpoints.serve(stack.endpoint_name, template_of(stack).names["EndpointConfig"])
    return endpoints


def report(selection=TWO, *, stacks=None, endpoints=None, project=None) -> Report:
    world = a_world(
        stacks=FakeStacks(*built(selection)) if stacks is None else stacks,
        endpoints=serving(selection) if endpoints is None else endpoints,
    )
    return status(project or a_project(), selection, world)


def seen(**options) -> EnvironmentStatus:
    return report(**options).body


def first(**options) -> ModelStatus:
    return seen(**options).models[0]


class TestStatusUnhappy:
    def test_another_account_is_refused(self):
        with pytest.raises(WrongAccount):
            status(a_project(), TWO, a_world(identity=FakeIdentity("999999999999")))

    def test_an_endpoint_that_cannot_be_read_is_an_error_not_a_missing_one(self):
        endpoints = serving()
        endpoints.fail["observe"] = CloudError("throttled", transient=True)
        with pytest.raises(CloudError, match="throttled"):
            report(endpoints=endpoints)

    def test_a_log_that_cannot_be_read_is_said_and_hides_nothing(self):
        endpoints = serving()
        endpoints.serve(NAMES["prototype_model"], CONFIGS["prototype_model"], status="Failed", failure_reason="why")
        endpoints.fail["log"] = AccessDenied("no logs:DescribeLogStreams")
        model = first(endpoints=endpoints)
        assert (model.log, model.log_unread) == (None, "no logs:DescribeLogStreams")
        assert model.failure_reason == "why"

    def test_nothing_deployed_is_a_status_too(self):
        body = seen(stacks=FakeStacks(), endpoints=FakeEndpoints())
        assert [(model.standing, model.next_step) for model in body.models] == [
            (Standing.NOT_DEPLOYED, "esmcfn deploy dev")
        ] * 2

    def test_what_failed_comes_with_its_log_and_advice_about_the_cause(self):
        endpoints = serving()
        name = NAMES["prototype_model"]
        reason = "The primary container for production variant variant-1 did not pass the ping health check."
        endpoints.serve(name, CONFIGS["prototype_model"], status="Failed", failure_reason=reason)
        endpoints.logs[name] = tuple(
            LogLine(at=NOW + timedelta(seconds=n), stream="variant-1/i-1", text=f"line {n}", event_id=str(n))
            for n in range(20)
        )
        model = first(endpoints=endpoints)
        assert model.standing is Standing.FAILED
        assert [line.text for line in model.log.lines] == [f"line {n}" for n in range(10, 20)]
        assert "a larger instance_type" in model.next_step

    def test_no_log_group_means_that_no_container_ever_started(self):
        endpoints = serving()
        endpoints.serve(NAMES["prototype_model"], CONFIGS["prototype_model"], status="Failed", failure_reason="?")
        done = report(endpoints=endpoints)
        assert "no log group: no container ever started" in render("text", (done,))
        assert done.body.models[0].next_step.startswith("no container ever started: capacity, quota, image or role")

    @pytest.mark.parametrize(
        ("changes", "config", "wanted_type", "step"),
        [
            ({}, "another", "ml.g5.2xlarge", "SageMaker serves another configuration than the stack deployed"),
            ({}, None, "ml.g5.4xlarge", "the file asks for another configuration than is deployed: esmcfn deploy dev"),
        ],
    )
    def test_another_configuration_says_whose_doing_it_is(self, changes, config, wanted_type, step):
        stacks = FakeStacks(*built(TWO))
        endpoints = serving()
        endpoints.serve(NAMES["prototype_model"], config or CONFIGS["prototype_model"])
        wanted = a_selection(a_stack(variant=a_variant(instance_type=wanted_type)), TWO.models[1])
        model = first(selection=wanted, stacks=stacks, endpoints=endpoints)
        assert model.standing is Standing.OTHER
        assert model.next_step.startswith(step)

    def test_an_endpoint_that_somebody_deleted_is_missing(self):
        endpoints = serving()
        del endpoints.there[NAMES["prototype_model"]]
        model = first(endpoints=endpoints)
        assert model.standing is Standing.MISSING
        assert "esmcfn deploy dev --model prototype_model --revert-drift" in model.next_step

    def test_a_stuck_stack_points_to_the_way_out(self):
        stacks = FakeStacks(*built(TWO))
        stacks.change("esm-dev-prototype-model", status="UPDATE_ROLLBACK_FAILED")
        endpoints = serving()
        endpoints.serve(NAMES["prototype_model"], "old", status="UpdateRollbackFailed")
        assert "--recover" in first(stacks=stacks, endpoints=endpoints).next_step


class TestStatus:
    def test_all_is_well_is_0_and_nothing_is_to_be_done(self):
        done = report()
        assert done.exit_code is ExitCode.DONE
        assert [(model.standing, model.next_step) for model in done.body.models] == [(Standing.IN_SERVICE, "")] * 2

    def test_a_parked_model_is_parked_and_nobody_is_asked_about_it(self):
        parked = a_selection(a_stack(parked=True))
        endpoints = FakeEndpoints()
        endpoints.fail["observe"] = CloudError("asked")
        model = first(selection=parked, endpoints=endpoints)
        assert (model.standing, model.wanted_config) == (Standing.PARKED, None)
        assert model.next_step == "esmcfn resume dev --model prototype_model"

    def test_what_is_selected_no_more_and_runs_is_told(self):
        stacks = FakeStacks(*built(TWO))
        (_, leaving) = seen(selection=a_selection(), stacks=stacks, endpoints=serving()).models
        assert (leaving.model, leaving.selected, leaving.wanted_config) == ("performance_model", False, None)
        assert leaving.next_step == "it is selected no more: esmcfn deploy dev deletes it"

    def test_narrowing_looks_at_nothing_else(self):
        narrowed = replace(TWO, models=TWO.models[1:], narrowed=frozenset({"performance_model"}))
        models = seen(selection=narrowed, stacks=FakeStacks(*built(TWO)), endpoints=serving()).models
        assert [model.model for model in models] == ["performance_model"]

    def test_the_log_is_read_only_of_what_failed(self):
        endpoints = serving()
        endpoints.fail["log"] = CloudError("asked")
        assert all(not model.log_unread for model in seen(endpoints=endpoints).models)

    @pytest.mark.parametrize("form", FORMATS)
    def test_it_reads_as_reviewed(self, form, update_golden):
        stacks = FakeStacks(*built(TWO))
        stacks.change("esm-dev-prototype-model", status="UPDATE_IN_PROGRESS")
        stacks.of_other_environments = {"old": ("esm-old", "esm-old-a", "esm-old-b")}
        endpoints = FakeEndpoints()
        moving = ObservedVariant(
            name="variant-1",
            current_count=1,
            desired_count=2,
            weight=0.0,
            desired_weight=1.0,
            status="ActivatingTraffic: 1 of 2",
            images=("123456789012.dkr.ecr.us-east-2.amazonaws.com/esm@sha256:00",),
        )
        endpoints.serve(
            NAMES["prototype_model"],
            "EndpointConfig-old",
            status="Updating",
            pending_config=CONFIGS["prototype_model"],
            variants=(moving,),
            created_at=NOW - timedelta(days=3, hours=4),
            modified_at=NOW - timedelta(minutes=12, seconds=5),
        )
        name = NAMES["performance_model"]
        endpoints.serve(
            name,
            CONFIGS["performance_model"],
            status="Failed",
            failure_reason="Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity",
        )
        endpoints.logs[name] = (LogLine(at=NOW, stream="variant-1/i-1", text="\x1b[31mno\x1b[0m", event_id="1"),)
        done = report(stacks=stacks, endpoints=endpoints)
        golden.check(f"status/changing.{SUFFIXES[form]}", render(form, (done,)), update=update_golden)


class TestText:
    def text(self, **changes) -> str:
        endpoints = serving()
        endpoints.serve(NAMES["prototype_model"], CONFIGS["prototype_model"], **changes)
        return render("text", (report(endpoints=endpoints),))

    def test_what_sagemaker_does_not_say_is_not_made_up(self):
        quiet = ObservedVariant(name="variant-1")
        half = ObservedVariant(name="variant-2", desired_count=3, weight=0.5, desired_weight=0.5, status="Odd")
        text = self.text(variants=(quiet, half))
        assert "variant   variant-1\n" in text
        assert "variant   variant-2, ? of 3 instances, weight 0.5, Odd\n" in text

    def test_a_reason_of_several_lines_stays_on_one(self):
        assert "reason    a\\n= b\n" in self.text(status="Failed", failure_reason="a\n= b")

    def test_a_log_that_was_not_read_says_why(self):
        endpoints = serving()
        endpoints.serve(NAMES["prototype_model"], "x", status="Failed")
        endpoints.fail["log"] = AccessDenied("denied")
        assert "log       not read: denied" in render("text", (report(endpoints=endpoints),))

    def test_a_first_creation_that_rolled_back_says_why_and_shows_what_was_written(self):
        stacks = FakeStacks(*built(TWO))
        name = NAMES["prototype_model"]
        stacks.change("esm-dev-prototype-model", status="ROLLBACK_COMPLETE", outputs={}, status_reason="no hosts")
        endpoints = serving()
        endpoints.logs[name] = (LogLine(at=NOW, stream="s", text="out of memory", event_id="1"),)
        text = render("text", (report(stacks=stacks, endpoints=endpoints),))
        assert "ROLLBACK_COMPLETE: its first creation failed and was rolled back" in text
        assert "its name: no hosts" in text
        assert "out of memory" in text

    def test_a_word_that_nobody_knows_says_where_to_look(self):
        assert "next      see the endpoint in the SageMaker console" in self.text(status="Hibernating")


class TestStrays:
    OTHERS = {"old": ("esm-old", "esm-old-a"), "staging": ("esm-staging",), "dev": ("esm-dev-x",)}

    def test_an_environment_without_a_file_is_named_and_one_with_a_file_is_not(self):
        stacks = FakeStacks(*built(TWO))
        stacks.of_other_environments = self.OTHERS
        project = a_project(neighbours=(a_neighbour(),))
        document = json.loads(render("json", (report(stacks=stacks, project=project),)))
        assert document["other_environments"] == [{"environment": "old", "stacks": ["esm-old", "esm-old-a"]}]

    def test_a_file_that_cannot_be_read_is_a_file(self):
        stacks = FakeStacks(*built(TWO))
        stacks.of_other_environments = self.OTHERS
        project = replace(a_project(), environment_names=("dev", "old", "staging"))
        assert seen(stacks=stacks, project=project).strays == ()

    def test_a_plan_says_so_beside_itself_and_keeps_its_id(self):
        stacks = FakeStacks(*built(TWO))
        quiet = make_plan(a_project(environment=an_environment()), TWO, a_world(stacks=stacks))
        stacks.of_other_environments = self.OTHERS
        told = make_plan(a_project(environment=an_environment()), TWO, a_world(stacks=stacks))
        assert told.notes[0] == (
            "environment old: 2 stacks, no file (esm-old, esm-old-a); "
            "bring environments/old.yaml back to destroy it or to keep it"
        )
        assert quiet.notes == ()
        assert told.body.plan_id == quiet.body.plan_id
