"""A root's own prices and discounts win over the package's book, and every report says so."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from builders import a_project, a_root, a_selection, a_stack, a_variant
from fakes import FakePriceList, a_world
from msgspec.structs import replace

from esmcfn import inputs
from esmcfn.domain.cost import Price, PriceBook
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.project import Policy
from esmcfn.domain.report import Failure, Report, Validated
from esmcfn.errors import CloudError
from esmcfn.inputs.memory import Memory
from esmcfn.inputs.pricing import PATH, book, written
from esmcfn.reference.prices import price_book
from esmcfn.render import FORMATS, render
from esmcfn.verbs.cost.pricing import aged, price
from esmcfn.verbs.cost.refreshing import refresh

LISTED = """\
prices:
  - region: us-east-2
    instance_type: ml.g5.2xlarge
    usd_per_hour: "1.4"
    source: the price list
    as_of: 2026-11-20
"""


def loaded(folder: Path, **texts: str):
    files = {f"policies/{name}.yaml": text for name, text in texts.items()}
    return inputs.load(a_root(folder, files=files), "dev")


def found(folder: Path, **texts: str) -> PriceBook:
    read = loaded(folder, **texts)
    assert read.problems == ()
    return read.project.policy.prices or price_book()


def discounts(*lines: str) -> str:
    return "discounts:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


class TestProblems:
    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (
                discounts("instance_type: ml.g5.*, factor: 1.5, reason: r"),
                "discounts.factor: 1.5 is too large, at most 1",
            ),
            (discounts("instance_type: ml.g5.*, factor: 0.5"), "discounts.reason: is missing"),
            (discounts("instance_type: ml.g5.*, reason: r"), "factor or usd_per_hour is missing"),
            (
                discounts("instance_type: ml.g5.*, reason: r, factor: 0.5, usd_per_hour: 1"),
                "usd_per_hour may not stand beside factor",
            ),
            (
                discounts("instance_type: ml.g5.*, reason: r, factor: 0.5, expires: '2027-02-30'"),
                "discounts.expires: there is no such day",
            ),
            (
                discounts("instance_type: ml.g5.*, reason: r, factor: 0.5, expires: June"),
                "discounts.expires: must be a day such as 2027-01-31",
            ),
            ("discount: []\n", "unknown key (did you mean discounts?)"),
        ],
    )
    def test_a_discount_that_cannot_be_meant_is_told_with_its_place(self, tmp_path, text, complaint):
        told = [str(problem) for problem in loaded(tmp_path, discounts=text).problems]
        assert any(complaint in each and each.startswith("policies/discounts.yaml:") for each in told), told

    @pytest.mark.parametrize(
        ("old", "new", "complaint"),
        [
            ("2026-11-20", '"2026-02-30"', "there is no such day"),
            ('"1.4"', "free", "usd_per_hour: must be US dollars an hour"),
            ("    source: the price list\n", "", "prices.source: is missing"),
            ("ml.g5.2xlarge", "g5.2xlarge", "must be an instance type"),
        ],
    )
    def test_a_price_that_cannot_be_meant_is_told_with_its_place(self, tmp_path, old, new, complaint):
        told = [str(problem) for problem in loaded(tmp_path, prices=LISTED.replace(old, new)).problems]
        assert any(complaint in each and each.startswith("policies/prices.yaml:") for each in told), told

    def test_a_price_that_stands_there_twice_is_told(self, tmp_path):
        (problem,) = loaded(tmp_path, prices=LISTED + LISTED.removeprefix("prices:\n")).problems
        assert "it stands in the list twice" in str(problem)


class TestBook:
    def test_without_files_the_package_s_own_holds(self, tmp_path):
        assert loaded(tmp_path).project.policy.prices is None

    def test_a_root_s_price_wins_and_the_others_stay(self, tmp_path):
        known = found(tmp_path, prices=LISTED)
        ours = known.price("us-east-2", "ml.g5.2xlarge")
        assert (ours.usd_per_hour, ours.source, ours.as_of) == (Decimal("1.4"), "the price list", date(2026, 11, 20))
        assert known.price("us-east-1", "ml.g5.2xlarge") == price_book().price("us-east-1", "ml.g5.2xlarge")

    def test_a_price_that_the_package_lacks_becomes_known(self, tmp_path):
        text = LISTED.replace("ml.g5.2xlarge", "ml.p6-b300.48xlarge")
        assert found(tmp_path, prices=text).price("us-east-2", "ml.p6-b300.48xlarge").usd_per_hour == Decimal("1.4")

    def test_a_factor_applies_to_the_list_price_and_says_why(self, tmp_path):
        text = discounts("instance_type: ml.g5.*, region: us-*, factor: 0.72, reason: Savings Plan until 2027-06")
        known = found(tmp_path, prices=LISTED, discounts=text)
        paid = known.price("us-east-2", "ml.g5.2xlarge")
        assert paid.usd_per_hour == Decimal("1.008")
        assert paid.source == "the price list; 0.72 of 1.4: Savings Plan until 2027-06"
        assert known.price("eu-west-1", "ml.g5.2xlarge").usd_per_hour == Decimal("1.69")
        assert known.price("us-east-2", "ml.m5.xlarge").usd_per_hour == Decimal("0.23")

    def test_a_private_price_stands_in_for_the_list_price(self, tmp_path):
        text = discounts("instance_type: ml.g5.2xlarge, usd_per_hour: 1.2, reason: contract 7")
        paid = found(tmp_path, discounts=text).price("us-east-2", "ml.g5.2xlarge")
        assert paid.usd_per_hour == Decimal("1.2")
        assert paid.source.endswith("; not 1.515: contract 7")

    def test_of_several_discounts_the_last_one_counts(self, tmp_path):
        text = discounts("instance_type: '*', factor: 0.5, reason: a", "instance_type: ml.g5.*, factor: 1, reason: b")
        known = found(tmp_path, discounts=text)
        assert known.price("us-east-2", "ml.g5.2xlarge").usd_per_hour == Decimal("1.515")
        assert known.price("us-east-2", "ml.m5.xlarge").usd_per_hour == Decimal("0.115")

    @pytest.mark.parametrize("form", FORMATS)
    def test_the_report_shows_what_is_paid_and_why(self, tmp_path, form):
        text = discounts("instance_type: ml.g5.*, factor: 0.5, reason: a private agreement")
        policy = Policy(prices=found(tmp_path, discounts=text))
        report = price(a_project(policy=policy), a_selection(), a_world(), compared=False)
        assert str(report.body.cost.after_monthly) == "552.9750"
        assert "0.5 of 1.515: a private agreement" in render(form, (report,))

    @pytest.mark.parametrize("kind", ["ml.r5.xlarge", "ml.p5e.48xlarge"])  # offered; nobody knows whether it is
    def test_a_price_of_the_root_is_known_to_the_rule_that_asks_for_one(self, tmp_path, kind):
        from esmcfn.policy.house.amount import AMOUNT_RULES
        from esmcfn.policy.house.rule import Subject
        from esmcfn.template import synthesize

        template = synthesize(a_stack(variant=a_variant(instance_type=kind)))
        (rule,) = [rule for rule in AMOUNT_RULES if "price" in rule.summary.lower()]
        without = Subject(template=template, others=(template,))
        assert list(rule.check(without))
        known = found(tmp_path, prices=LISTED.replace("ml.g5.2xlarge", kind))
        assert not list(rule.check(replace(without, policy=Policy(prices=known))))


class TestDiscountsThatDoNotHold:
    TODAY = date(2026, 11, 21)
    """As fakes.NOW has it."""

    def priced(self, folder, *lines, kind="ml.g5.2xlarge", form="text"):
        policy = Policy(prices=found(folder, discounts=discounts(*lines)))
        selection = a_selection(a_stack(variant=a_variant(instance_type=kind)))
        report = price(a_project(policy=policy), selection, a_world(), compared=False)
        return report.body.cost, render(form, (report,))

    @pytest.mark.parametrize("form", ["text", "json", "markdown"])
    def test_one_that_is_over_counts_no_more_and_its_line_is_told(self, tmp_path, form):
        line = "instance_type: ml.g5.*, factor: 0.5, reason: Savings Plan, expires: 2026-11-20"
        cost, said = self.priced(tmp_path, line, form=form)
        assert cost.after_monthly == Decimal("1105.95")
        assert "policies/discounts.yaml:2: the discount on ml.g5." in said.replace("\\", "")
        assert "ended on 2026-11-20 and counts no more" in said
        assert "less your discounts" not in said

    def test_its_last_day_counts(self, tmp_path):
        line = "instance_type: ml.g5.*, factor: 0.5, reason: Savings Plan, expires: 2026-11-21"
        cost, said = self.priced(tmp_path, line)
        assert cost.after_monthly == Decimal("552.975")
        assert "; list price less your discounts, 730 hours a month" in said
        assert "discounts.yaml" not in said

    def test_one_that_is_over_gives_way_to_the_one_before_it(self, tmp_path):
        cost, _ = self.priced(
            tmp_path,
            "instance_type: ml.g5.*, factor: 0.8, reason: a",
            "instance_type: ml.g5.*, factor: 0.5, reason: b, expires: 2026-11-20",
        )
        assert cost.after_monthly == Decimal("884.76")

    def test_one_that_is_over_and_would_not_count_here_is_not_told(self, tmp_path):
        line = "instance_type: ml.p5.*, factor: 0.5, reason: b, expires: 2026-11-20"
        assert "discounts.yaml" not in self.priced(tmp_path, line)[1]

    @pytest.mark.parametrize("written", ["ml.g55.*", "ml.g5.2xlarge, region: us-west-9"])
    def test_one_that_fits_nothing_is_told(self, tmp_path, written):
        _, said = self.priced(tmp_path, f"instance_type: {written}, factor: 0.5, reason: r")
        assert "policies/discounts.yaml:2: the discount on ml.g5" in said
        assert "fits nothing that is hosted here" in said

    def test_a_private_price_holds_for_a_type_that_no_list_has(self, tmp_path):
        line = "instance_type: ml.p5e.48xlarge, usd_per_hour: 40, reason: contract 7"
        cost, said = self.priced(tmp_path, line, kind="ml.p5e.48xlarge")
        assert cost.after_monthly == 40 * 730
        assert "no price list: contract 7, of no day" in said
        assert "discounts.yaml" not in said

    def test_a_factor_of_a_price_that_nobody_knows_is_unknown(self, tmp_path):
        line = "instance_type: ml.p5e.*, factor: 0.5, reason: contract 7"
        assert self.priced(tmp_path, line, kind="ml.p5e.48xlarge")[0].after_monthly is None


class TestRefresh:
    def run(self, *types: str, said: dict[str, str], prices: PriceBook | None = None):
        put = []
        stacks = [a_stack(f"m{number}", variant=a_variant(instance_type=kind)) for number, kind in enumerate(types)]
        project = a_project(policy=Policy(prices=prices))
        world = a_world(price_list=FakePriceList(said))
        report = refresh(project, a_selection(*stacks), world, path=PATH, write=put.extend)
        return report, put

    def test_one_type_without_exactly_one_price_writes_nothing(self):
        with pytest.raises(CloudError, match=r"ml\.g5\.4xlarge"):
            self.run("ml.g5.2xlarge", "ml.g5.4xlarge", said={"ml.g5.2xlarge": "1.5"})

    def test_each_type_is_asked_for_once_and_dated_today(self):
        _, put = self.run(
            "ml.g5.2xlarge", "ml.g5.2xlarge", "ml.g5.4xlarge", said={"ml.g5.2xlarge": "1", "ml.g5.4xlarge": "2"}
        )
        assert [(each.instance_type, each.usd_per_hour) for each in put] == [
            ("ml.g5.2xlarge", 1),
            ("ml.g5.4xlarge", 2),
        ]
        assert {each.as_of for each in put} == {date(2026, 11, 21)}

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize(
        ("kind", "usd", "words"),
        [
            ("ml.g5.2xlarge", "1.5", {"text": "1.515 -> 1.5", "markdown": "1.515 -> 1.5", "json": '"1.515"'}),
            ("ml.g5.2xlarge", "1.515", {"text": "(as before)", "markdown": "(as before)", "json": '"1.515"'}),
            ("ml.p6-b300.48xlarge", "9", {"text": "unknown before", "markdown": "unknown before", "json": "null"}),
        ],
    )
    def test_what_changed_is_reported(self, form, kind, usd, words):
        report, _ = self.run(kind, said={kind: usd})
        assert words[form] in render(form, (report,))
        assert "policies/prices.yaml" in render(form, (report,))

    def test_what_is_written_is_read_again_as_it_was(self, tmp_path):
        _, put = self.run("ml.g5.2xlarge", "ml.g5.4xlarge", said={"ml.g5.2xlarge": "1", "ml.g5.4xlarge": "2.000125"})
        root = a_root(tmp_path, files={PATH: written(put)})
        problems: list = []
        assert book(root, problems, Memory(None)) == tuple(put)
        assert problems == []
        assert written(tuple(reversed(put))) == written(put)

    def test_an_empty_list_can_be_written_and_read(self, tmp_path):
        assert loaded(tmp_path, prices=written(())).problems == ()


def test_a_source_s_quotes_do_not_end_it():
    (one,) = TestRefresh().run("ml.g5.2xlarge", said={"ml.g5.2xlarge": "1"})[1]
    import yaml

    odd = replace(one, source='a "quoted" \\ source')
    assert yaml.safe_load(written((odd,)))["prices"][0]["source"] == odd.source


class TestAged:
    """One warning of a whole run, beside what the reports say."""

    def known(self, as_of):
        listed = Price(
            region="us-east-2", instance_type="ml.g5.2xlarge", usd_per_hour=Decimal(1), source="a list", as_of=as_of
        )
        return PriceBook(prices={("us-east-2", "ml.g5.2xlarge"): listed})

    def priced(self, name="dev", as_of=date(2026, 8, 1), instance_type="ml.g5.2xlarge"):
        project = a_project(policy=Policy(prices=self.known(as_of)))
        selection = a_selection(a_stack(variant=a_variant(instance_type=instance_type)))
        body = price(project, selection, a_world(), compared=False).body
        deployed = Deployment(
            plan_id="", environment=name, account="", region="", stacks=(), endpoints={}, cost=body.cost
        )
        return Report(verb="deploy", environment=name, body=deployed)

    def test_the_oldest_of_all_environments_is_told_once(self):
        reports = [self.priced("dev"), self.priced("prod", date(2026, 5, 20))]
        said = aged(reports, date(2026, 11, 21))
        assert said.startswith("prices are of 2026-05-20, more than 180 days old and stale")
        assert "esmcfn prices refresh asks it, with an AWS account" in said

    def test_a_report_whose_cost_says_it_itself_is_not_told_of_again(self):
        project = a_project(policy=Policy(prices=self.known(date(2026, 5, 20))))
        report = price(project, a_selection(), a_world(), compared=False)
        assert "stale" in "".join(report.body.cost.notes)
        assert aged([report], date(2026, 11, 21)) == ""

    @pytest.mark.parametrize(("days", "told"), [(90, False), (91, True), (200, True)])
    def test_from_the_day_after_90_days_on(self, days, told):
        as_of = date(2026, 8, 1)
        assert bool(aged([self.priced(as_of=as_of)], as_of + timedelta(days=days))) is told

    def test_where_nothing_is_priced_there_is_nothing_to_doubt(self):
        failed = Failure(verb="cost", environment="x", error=CloudError("no"))
        unknown = self.priced(instance_type="ml.x9.huge")
        valid = Report(verb="validate", environment="dev", body=Validated(environment="dev", stacks=()))
        assert aged([failed, unknown, valid], date(2030, 1, 1)) == ""
