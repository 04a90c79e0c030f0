"""A plan in a few lines: what a log is told before anything is executed."""

from __future__ import annotations

import pytest
from builders import a_project, a_selected_model, an_environment
from fakes import FakePerson, FakeStacks, a_world
from msgspec.structs import replace

from esmcfn.cli.person import Asked
from esmcfn.cli.watching import Lines
from esmcfn.domain.plan import Verdict
from esmcfn.errors import Interrupted
from esmcfn.render import brief
from esmcfn.selection import select
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.deploy.destroying import destroy
from esmcfn.verbs.plan.planning import make_plan
from esmcfn.verbs.world import Question

MANY = [f"model{number}" for number in range(7)]


def project(*keys):
    return a_project(environment=an_environment(*(a_selected_model(key) for key in keys)))


def planned(stacks, wanted):
    return make_plan(wanted, select(wanted), a_world(stacks=stacks))


def removal():
    """The plan of an environment of seven models that goes."""
    stacks, wanted = FakeStacks(), project(*MANY)
    deploy(wanted, select(wanted), a_world(stacks=stacks), Wishes())
    asked = []

    class Reader(FakePerson):
        def agrees(self, plan, question):
            asked.append(plan)
            return False

    with pytest.raises(Interrupted):
        destroy(wanted, select(wanted), a_world(stacks=stacks, person=Reader()), Wishes(), delete_logs=False)
    return asked[0]


def test_what_comes_is_named_with_what_it_costs():
    (head, comes, callers, cost) = brief.lines(planned(FakeStacks(), project("a")).body)
    assert head.startswith("· plan of dev (123456789012, us-east-2): 4 to add, 0 to modify")
    assert comes == "· create: esm-dev, esm-dev-a"
    assert callers == "· callers notice nothing"
    assert cost.startswith("· cost: 0.00 -> ")


def test_of_many_the_first_are_named_and_the_rest_is_counted():
    lines = list(brief.lines(removal().body))
    (goes,) = (line for line in lines if line.startswith("· delete: "))
    assert goes.endswith(" and 3 more")
    callers = [line for line in lines if line.startswith("· callers: ")]
    assert len(callers) == brief.FELT + 1
    assert all("deletes" in line for line in callers[:-1])
    assert callers[-1] == "· callers: 3 more such changes"


def test_a_budget_that_is_exceeded_all_the_same_is_said():
    made = planned(FakeStacks(), project("a")).body
    made = replace(made, verdict=Verdict(budget="above the soft budget: 9.00 expected, 1.00 intended"))
    assert list(brief.lines(made))[-1] == "! budget: above the soft budget: 9.00 expected, 1.00 intended"


def test_who_said_yes_is_told_the_plan_and_what_it_does_not_say(capsys):
    person = Asked(display=Lines(), yes=True)
    assert person.agrees(planned(FakeStacks(), project("a")), Question(besides=("a log goes",)))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("· plan of dev (")
    assert said.err.endswith("! a log goes\n")
