"""Autoscaling, from YAML to templates, costs and plans."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, a_base_stack, a_selection, a_service_account, a_stack, a_variant
from hosted import BOUNDS, NIGHT, RUSH, SCALED, complaints, resource, selected, with_model
from msgspec.structs import replace

from esmcfn import cost, plan
from esmcfn.domain.hosting import Alarms, AlarmTopic, Autoscaling, ScalingMetric
from esmcfn.domain.plan import Action, Change, Headroom, Impact, PropertyChange, StackAction, StackPlan
from esmcfn.plan.impact import assessed
from esmcfn.reference.prices import price_book
from esmcfn.template import synthesize, without


class TestWritten:
    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            (
                "autoscaling: true",
                "14:5: prototype_model.autoscaling: must be a mapping with min_capacity, max_capacity and "
                "target_value, or false for none, not true",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacity: 4}",
                "14:5: prototype_model.autoscaling.target_value: is missing (it must be a number above 0)",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacity: 4, target_value: 0}",
                "14:53: prototype_model.autoscaling.target_value: must be a number above 0",
            ),
            (
                "autoscaling: {min_capacity: 0, max_capacity: 4, target_value: 70}",
                "14:19: prototype_model.autoscaling.min_capacity: must be a whole number, 1 or more "
                "(parked: true is what stops an endpoint), not 0",
            ),
            (
                "autoscaling: {min_capacity: 5, max_capacity: 4, target_value: 70}",
                "14:19: prototype_model.autoscaling: min_capacity 5 is more than max_capacity 4",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacty: 4, target_value: 70}",
                "14:36: prototype_model.autoscaling.max_capacty: unknown key (did you mean max_capacity?)",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacity: 4, target_value: 70, metric: concurent_requests}",
                "14:71: prototype_model.autoscaling.metric: must be invocations or concurrent_requests, not "
                "concurent_requests (did you mean concurrent_requests?)",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacity: 4, target_value: 70, scale_in_cooldown: 1h}",
                "14:71: prototype_model.autoscaling.scale_in_cooldown: must be seconds, 0 to 3600, not the text 1h",
            ),
            (
                f"instance_count: 5\nautoscaling: {BOUNDS}",
                "14:5: prototype_model: instance_count is 5, and autoscaling moves between 1 and 4 "
                "(start with 1 to 4 instances, or change the bounds)",
            ),
            (
                "autoscaling: {min_capacity: 2, max_capacity: 4, target_value: 70}",
                "14:5: prototype_model: the instance_count of ESMC-300M is 1, and autoscaling moves between 2 and 4 "
                "(start with 2 to 4 instances, or change the bounds)",
            ),
        ],
    )
    def test_what_is_wrong_is_told_at_its_key(self, tmp_path, written, complaint):
        found = complaints(tmp_path, with_model(written))
        assert f"environments/dev.yaml:{complaint}" in found

    @pytest.mark.parametrize(
        ("moment", "complaint"),
        [
            ("cron: 0 19 * * MON-FRI, min_capacity: 1, max_capacity: 2", "cron: must be six fields"),
            ("cron: 0 19 * * * *, min_capacity: 1, max_capacity: 2", "cron: must be six fields"),
            (
                "cron: 0 19 ? * * *, timezone: Europe/Berln, min_capacity: 1, max_capacity: 2",
                "timezone: there is no time zone Europe/Berln (did you mean Europe/Berlin?)",
            ),
            ("cron: 0 19 ? * * *, min_capacity: 3, max_capacity: 2", "min_capacity 3 is more than max_capacity 2"),
            ("cron: 0 19 ? * * *, max_capacity: 2", "min_capacity: is missing"),
            (
                "cron: 61 25 ? * MON *, min_capacity: 1, max_capacity: 2",
                "prototype_model.autoscaling.schedule[0].cron: minutes: 61 is not made of 0 to 59",
            ),
            (
                "cron: 0 19 ? * mon-fri *, min_capacity: 1, max_capacity: 2",
                "day of the week: mon-fri is not made of 1 to 7 or SUN to SAT (did you mean 0 19 ? * MON-FRI *?)",
            ),
            ("cron: 0 0 30 2 ? *, min_capacity: 1, max_capacity: 2", "cron: there is no such day"),
            ("cron: 0 19 ? * * *, min_capacity: 0, max_capacity: 0", "(parked: true is what stops an endpoint), not 0"),
        ],
    )
    def test_a_moment_that_cannot_be_is_told_at_its_line(self, tmp_path, moment, complaint):
        bounds = "autoscaling:\n  min_capacity: 1\n  max_capacity: 4\n  target_value: 70\n  schedule:"
        (found, *_) = complaints(tmp_path, with_model(f"{bounds}\n    - {{{moment}}}"))
        assert found.startswith("environments/dev.yaml:19:")
        assert complaint in found

    @pytest.mark.parametrize(
        ("only", "missing"), [("min_capacity: 3", "max_capacity"), ("max_capacity: 2", "min_capacity")]
    )
    def test_a_moment_with_one_bound_lacks_the_other_and_nothing_else(self, tmp_path, only, missing):
        bounds = "autoscaling:\n  min_capacity: 1\n  max_capacity: 4\n  target_value: 70\n  schedule:"
        (found,) = complaints(tmp_path, with_model(f"{bounds}\n    - {{cron: 0 19 ? * * *, {only}}}"))
        assert f"{missing}: is missing" in found

    def test_two_moments_of_one_name_are_told(self, tmp_path):
        moment = "{name: night, cron: 0 19 ? * * *, min_capacity: 1, max_capacity: 2}"
        written = (
            f"autoscaling:\n  min_capacity: 1\n  max_capacity: 4\n  target_value: 70\n  schedule: [{moment}, {moment}]"
        )
        assert any(
            "another moment is called night already" in each for each in complaints(tmp_path, with_model(written))
        )

    def test_a_burstable_type_is_not_scaled(self, tmp_path):
        written = ENVIRONMENT_TEXT.replace("ml.g5.2xlarge", "ml.t2.medium") + f"    autoscaling: {BOUNDS}\n"
        assert complaints(tmp_path, written) == [
            "environments/dev.yaml:14:5: prototype_model.autoscaling: SageMaker does not scale ml.t2.medium "
            "(choose an instance type of another family, or leave it out)"
        ]

    def test_the_environment_replaces_all_that_the_catalog_says(self, tmp_path):
        catalog = CATALOG_TEXT + f"    autoscaling: {BOUNDS[:-1]}, metric: concurrent_requests}}\n"
        assert selected(tmp_path, catalog=catalog).autoscaling.metric is ScalingMetric.CONCURRENT_REQUESTS
        own = with_model("autoscaling: {min_capacity: 1, max_capacity: 2, target_value: 5.5}")
        assert selected(tmp_path, own, catalog).autoscaling == Autoscaling(
            min_capacity=1, max_capacity=2, target_value=Decimal("5.5")
        )
        assert selected(tmp_path, with_model("autoscaling: false"), catalog).autoscaling is None

    def test_what_is_wrong_with_the_catalogs_bounds_is_told_in_the_catalog(self, tmp_path):
        catalog = CATALOG_TEXT + "    autoscaling: {min_capacity: 3, max_capacity: 2, target_value: 5}\n"
        (found,) = complaints(tmp_path, catalog=catalog)
        assert found.startswith("catalogs/esm.yaml:9:19: prototype_model.autoscaling: min_capacity 3")


class TestTemplates:
    def test_without_the_key_nothing_changes(self):
        template = synthesize(a_stack())
        assert set(template.body["Resources"]) == {"Model", "EndpointConfig", "Endpoint"}
        assert "RetainAllVariantProperties" not in template.text

    def test_scaling_renames_neither_model_nor_configuration(self):
        assert synthesize(a_stack(autoscaling=SCALED)).names == synthesize(a_stack()).names

    def test_the_target_names_the_variant_and_waits_for_the_endpoint(self):
        stack = a_stack(autoscaling=replace(SCALED, schedule=(NIGHT,)))
        target = resource(stack, "ScalableTarget")
        assert target["DependsOn"] == "Endpoint"
        properties = target["Properties"]
        assert properties["ResourceId"] == f"endpoint/{stack.endpoint_name}/variant/variant-1"
        assert properties["ScalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
        assert (properties["MinCapacity"], properties["MaxCapacity"]) == (1, 4)
        assert "RoleARN" not in properties, "the service has a role of its own"
        assert properties["ScheduledActions"] == [
            {
                "ScheduledActionName": "night",
                "Schedule": "cron(0 19 ? * * *)",
                "Timezone": "UTC",
                "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 1},
            }
        ]

    @pytest.mark.parametrize(
        ("metric", "named"),
        [
            (ScalingMetric.INVOCATIONS, "SageMakerVariantInvocationsPerInstance"),
            (ScalingMetric.CONCURRENT_REQUESTS, "SageMakerVariantConcurrentRequestsPerModelHighResolution"),
        ],
    )
    def test_the_policy_tracks_the_metric(self, metric, named):
        stack = a_stack(autoscaling=replace(SCALED, metric=metric, target_value=Decimal("1.5"), scale_in_cooldown=600))
        assert resource(stack, "ScalingPolicy")["Properties"]["TargetTrackingScalingPolicyConfiguration"] == {
            "TargetValue": 1.5,
            "PredefinedMetricSpecification": {"PredefinedMetricType": named},
            "ScaleInCooldown": 600,
            "ScaleOutCooldown": 300,
        }

    def test_equal_numbers_make_equal_templates(self):
        texts = {synthesize(a_stack(autoscaling=replace(SCALED, target_value=Decimal(n)))).text for n in ("70", "70.0")}
        assert len(texts) == 1

    def test_an_update_keeps_the_instances_that_autoscaling_came_to(self):
        assert resource(a_stack(autoscaling=SCALED), "Endpoint")["Properties"]["RetainAllVariantProperties"] is True

    def test_what_is_parked_is_not_scaled(self):
        assert set(synthesize(a_stack(autoscaling=SCALED, parked=True)).body["Resources"]) == {
            "Model",
            "EndpointConfig",
        }

    def test_every_value_has_its_line(self, tmp_path):
        written = "autoscaling:\n  min_capacity: 1\n  max_capacity: 4\n  target_value: 70"
        template = synthesize(selected(tmp_path, with_model(written)))
        assert template.origin("ScalableTarget/MaxCapacity").line == 16
        assert template.origin("ScalingPolicy/TargetTrackingScalingPolicyConfiguration/TargetValue").line == 17
        cooldown = template.origin("ScalingPolicy/TargetTrackingScalingPolicyConfiguration/ScaleInCooldown")
        assert cooldown.line == 14, "what is not written stands where autoscaling begins"


class TestCost:
    def test_the_bounds_of_every_hour_are_the_least_and_the_most(self):
        (variant,) = cost.hosted(a_stack(autoscaling=replace(SCALED, schedule=(NIGHT, RUSH))))
        assert (variant.min_count, variant.expected_count, variant.max_count) == (1, 1, 6)
        assert variant.counts == "1 to 6"
        assert cost.hosted(a_stack())[0].counts == "1"

    def test_what_is_deployed_is_read_alike(self):
        stack = a_stack(autoscaling=replace(SCALED, schedule=(NIGHT, RUSH)))
        read = cost.hosted_in(
            synthesize(stack).body, stack=stack.name, model=stack.model, software={stack.package: None}
        )
        assert read == cost.hosted(stack)

    def test_bounds_that_cannot_be_read_are_unknown_and_not_one_instance(self):
        stack = a_stack(autoscaling=SCALED)
        body = synthesize(stack).body
        body["Resources"]["ScalableTarget"]["Properties"]["MaxCapacity"] = {"Ref": "Most"}
        (variant,) = cost.hosted_in(body, stack=stack.name, model=stack.model, software={})
        assert variant.instance_type == cost.UNREADABLE

    def test_what_is_billed_besides_is_named_and_not_summed(self):
        def note(*models, **changes):
            selection = a_selection(*models, **changes)
            priced = cost.estimate(
                (),
                None,
                region="us-east-2",
                prices=price_book(),
                today=date(2026, 11, 21),
                beside=cost.beside(selection),
            )
            return priced.notes

        assert note() == ()
        assert note(a_stack(alarms=Alarms(invocation_5xx_errors=None, model_latency_p99_ms=None))) == ()
        (said,) = note(a_stack(alarms=Alarms()))
        assert said == "instances only: what AWS bills for alarms is not in the sums"
        topic = a_base_stack(alarm_topic=AlarmTopic(name="esm-dev-alarms", emails=("a@b.org",)))
        (said,) = note(a_stack(alarms=Alarms(), log_retention_days=7), base=topic)
        assert said == "instances only: what AWS bills for alarms, logs and a KMS key is not in the sums"
        shared = a_base_stack(service_account=a_service_account())
        (said,) = note(
            a_stack(variant=a_variant(instance_type="ml.m5.xlarge")),
            *(a_stack(f"m{n}", variant=a_variant(instance_type=f"ml.{kind}.xlarge")) for n, kind in enumerate(DISKS)),
            base=shared,
        )
        assert said == "instances only: what AWS bills for a secret and the volumes of ml.m5.xlarge is not in the sums"

    def test_parked_costs_nothing(self):
        assert cost.hosted(a_stack(autoscaling=SCALED, parked=True)) == ()


DISKS = ("g4dn", "g5", "g6e", "g7e", "p4de", "p5en", "p6-b200", "m5d", "r6gd")
"""Families whose instances bring their disks along."""


class TestPlans:
    @pytest.mark.parametrize(
        "kind",
        [
            *plan.SCALING,
            "AWS::CloudWatch::Alarm",
            "AWS::KMS::Key",
            "AWS::Logs::LogGroup",
            "AWS::SNS::Subscription",
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
        ],
    )
    @pytest.mark.parametrize("action", Action)
    def test_callers_feel_nothing_of_what_scales_watches_and_keeps(self, kind, action):
        change = Change(
            action=action,
            logical_id="It",
            resource_type=kind,
            physical_id=None,
            impact=Impact.UNKNOWN,
            properties=(PropertyChange(path="MaxCapacity", before="1", after="2"),),
        )
        assert assessed(change).impact is Impact.NONE
        assert assessed(change).meaning

    def test_keeping_instances_over_updates_is_in_place_and_says_what_aws_may_do(self):
        change = Change(
            action=Action.MODIFY,
            logical_id="Endpoint",
            resource_type="AWS::SageMaker::Endpoint",
            physical_id=None,
            impact=Impact.UNKNOWN,
            properties=(PropertyChange(path="RetainAllVariantProperties", before=None, after="true"),),
        )
        assert assessed(change).impact is Impact.IN_PLACE
        assert "anew" in assessed(change).meaning

    def test_what_is_deleted_first_takes_its_scaling_along(self):
        made = plan.unscaled_first(self.retyped(), synthesize(a_stack(autoscaling=SCALED)).body)
        stack = a_stack("main", name=made.name)
        row = Headroom(instance_type="ml.g5.2xlarge", limit=1, in_use=0, peak=2, after=1)
        down = plan.deleted_first(made, [row], cost.hosted(stack))
        assert (down.delete_first, down.unscale_first, down.notes) == (True, False, ())

    def retyped(self, *, path: str = "ProductionVariants/0/InstanceType", impact: Impact = Impact.BLUE_GREEN):
        endpoint = Change(
            action=Action.MODIFY,
            logical_id="Endpoint",
            resource_type="AWS::SageMaker::Endpoint",
            physical_id=None,
            impact=impact,
        )
        config = Change(
            action=Action.REPLACE,
            logical_id="EndpointConfig",
            resource_type="AWS::SageMaker::EndpointConfig",
            physical_id=None,
            impact=Impact.NONE,
            properties=(PropertyChange(path=path, before="a", after="b"),),
        )
        return StackPlan(
            name="esm-dev-main", model="main", action=StackAction.UPDATE, template_digest="", changes=(endpoint, config)
        )

    def test_another_instance_type_takes_autoscaling_off_first(self):
        made = plan.unscaled_first(self.retyped(), synthesize(a_stack(autoscaling=SCALED)).body)
        assert made.unscale_first
        assert "two updates" in made.notes[0]

    @pytest.mark.parametrize(
        ("changes", "scaling"),
        [
            ({}, None),
            ({"path": "ProductionVariants/0/InitialInstanceCount"}, SCALED),
            ({"impact": Impact.NONE}, SCALED),
        ],
    )
    def test_anything_else_is_one_update(self, changes, scaling):
        before = self.retyped(**changes)
        assert plan.unscaled_first(before, synthesize(a_stack(autoscaling=scaling)).body) is before

    def test_a_template_without_its_scaling_is_otherwise_the_same(self):
        stack = a_stack(autoscaling=SCALED)
        full = synthesize(stack)
        less = without(stack, full.body, plan.SCALING)
        assert set(full.body["Resources"]) - set(less.body["Resources"]) == {"ScalableTarget", "ScalingPolicy"}
        assert less.body["Resources"]["Endpoint"] == full.body["Resources"]["Endpoint"]
        assert less.digest in less.body["Description"]
        assert less.digest != full.digest
