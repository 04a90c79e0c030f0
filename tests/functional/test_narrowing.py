"""`--model` through the real command: the gate judges the environment, whichever part of it is deployed."""

from __future__ import annotations

import pytest

MODELS = ("prototype_model", "performance_model")

GATES = {
    "limit": (10, {"policies/levels.yaml": "limits: {max_instances_per_environment: 1}\n"}, ""),
    "budget": (13, {}, "budget: {usd_per_month: 2000}\n"),
}


@pytest.fixture(params=GATES)
def too_much(request, root_of):
    """Two models of which each alone passes, and how the gate ends."""
    code, files, keys = GATES[request.param]
    root = root_of("multi_model")
    for file, text in files.items():
        root.write(file, text)
    root.edit("selected_models:", f"{keys}selected_models:")
    return root, code


def test_no_part_of_what_is_too_much_is_deployed(too_much):
    root, code = too_much
    for key in MODELS:
        done = root.esmcfn("deploy", "dev", "--model", key, "--yes", "-f", "json")
        assert (done.code, done.document["schema"]) == (code, "esmcfn.plan/v1"), done.err
    assert root.esmcfn("plan", "dev", "--model", MODELS[0], "--out", "small.json").code == code
    assert root.esmcfn("deploy", "--plan", "small.json", "--yes").code == 6
    stacks = root.client("cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackStatus"] for stack in stacks} == {"REVIEW_IN_PROGRESS"}  # --out keeps what was reviewed


def test_a_reviewed_part_is_deployed_as_long_as_the_whole_is_as_it_was_reviewed(root_of):
    root = root_of("multi_model").deployed()
    root.edit("ml.g5.2xlarge", "ml.g5.xlarge")
    root.edit("selected_models:", "budget: {usd_per_month: 2600}\nselected_models:")
    planned = root.esmcfn("plan", "dev", "--model", MODELS[0], "--out", "small.json", "-f", "json")
    assert planned.code == 0, planned.err
    cost = planned.document["cost"]
    assert cost["narrowed"]["models"] == [MODELS[0]]
    assert {item["model"] for item in cost["items"]} == set(MODELS)
    # The other model gets dearer meanwhile, and the two together are above the budget.
    root.edit("ml.g5.4xlarge", "ml.g5.12xlarge")
    assert root.esmcfn("deploy", "--plan", "small.json", "--yes").code == 13
    root.edit("ml.g5.12xlarge", "ml.g5.4xlarge")
    assert root.esmcfn("deploy", "--plan", "small.json", "--yes").code == 0


def test_a_plan_says_what_it_did_not_look_at(root):
    root.deployed()
    root.esmcfn("sandbox", "break", "esm-dev-prototype-model", "Endpoint")
    drift = root.esmcfn("plan", "dev", "-f", "json").document["drift"]
    assert (drift["not_looked_at"], drift["next_step"]) == (2, "esmcfn drift dev")
    assert root.esmcfn(*drift["next_step"].split()[1:]).code == 12
    assert root.esmcfn("plan", "dev", "--drift", "-f", "json").document["drift"]["not_looked_at"] == 0
