"""audit as it is typed: a process of its own, against a sandbox with a past."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from story import REPOSITORY

from esmcfn import sandbox


@pytest.mark.parametrize("days", ["0", "91", "many"])
def test_a_window_that_cannot_be_meant_is_2(root, days):
    assert root.esmcfn("audit", "dev", "--days", days).code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--also", "pdf=a.pdf"], "is no text, json, markdown or html with =FILE behind it"),
        (["--also", "html="], "html= is no text"),
        (["--also", "audit.html"], "audit.html is no text"),
        (["--also", "html=missing/audit.html"], "there is no folder"),
        (["--also", "html=a", "--also", "json=./a"], "a is named twice"),
        (["--also", "html=a", "--output", "a"], "a is named twice"),
    ],
)
def test_a_copy_that_cannot_be_written_is_2_before_anybody_is_asked(root, words, said):
    done = root.esmcfn("audit", "dev", *words)
    assert done.code == 2
    assert said in done.err
    assert "asking" not in done.err
    assert not (root.folder / "a").exists()


def test_one_look_is_written_in_as_many_formats_as_are_wanted(root):
    copies = {"html": "a.html", "markdown": "a.md", "text": "a.txt"}
    words = [word for form, name in copies.items() for word in ("--also", f"{form}={name}")]
    done = root.esmcfn("audit", "dev", "-f", "json", *words)
    assert done.code == 0, done.err
    assert done.document["bill"]["requests"] == 2
    written = {form: (root.folder / name).read_text(encoding="utf-8") for form, name in copies.items()}
    assert all("2 Cost Explorer requests, 0.02 USD" in text for text in written.values())
    assert written["html"].startswith("<!doctype html>")
    assert written["markdown"].startswith("### dev")
    assert written["text"].startswith("dev · account")


def test_one_look_asks_cost_explorer_once_however_often_it_is_written(root):
    sandbox.ensure(root.folder)
    sandbox.fault(root.folder, "access-denied", action="ce:GetCostAndUsage", after=2)
    words = ["--also", "html=a.html", "--also", "markdown=a.md"]
    assert root.esmcfn("audit", "dev", "-f", "json", *words).document["bill"]["requests"] == 2
    assert root.esmcfn("audit", "dev", "-f", "json").document["bill"] is None, "the third request is refused"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_copy_on_a_full_disk_is_2_and_the_others_are_kept(root):
    words = ["--also", "html=/dev/full", "--also", "markdown=a.md"]
    done = root.esmcfn("audit", "dev", "--no-bill", "-f", "json", *words)
    assert (done.code, done.document["schema"]) == (2, "esmcfn.audit/v1")
    assert "cannot write /dev/full: No space left on device" in done.err
    assert (root.folder / "a.md").exists()


def test_a_copy_may_be_named_by_the_shell(root):
    done = root.esmcfn("audit", "dev", "--no-bill", ESMCFN_ALSO="html=a.html:json=a.json")
    assert done.code == 0, done.err
    assert (root.folder / "a.html").exists()
    assert (root.folder / "a.json").exists()


def test_what_fails_writes_no_copy(root):
    sandbox.ensure(root.folder)
    sandbox.fault(root.folder, "access-denied", action="cloudformation:DescribeStacks")
    done = root.esmcfn("audit", "dev", "-f", "json", "--also", "html=a.html")
    assert (done.code, done.document["schema"]) == (4, "esmcfn.error/v1")
    assert not (root.folder / "a.html").exists()


def test_what_is_not_deployed_is_told_and_costs_nothing(root):
    done = root.esmcfn("audit", "dev", "--no-bill", "-f", "json")
    assert done.code == 0, done.err
    (model,) = done.document["models"]
    assert (model["activity"], model["expected_monthly"]) == ("not running", None)


def test_a_young_endpoint_is_too_new_whatever_it_reported(root):
    root.deployed()
    done = root.esmcfn("audit", "dev", "-f", "json")
    assert done.code == 0, done.err
    assert [model["activity"] for model in done.document["models"]] == ["too new"]
    assert done.document["bill"]["price_usd"] == "0.02"  # nothing is tagged, so that a second request asks why

    name = done.document["models"][0]["endpoint_name"]
    today = datetime.now(UTC)  # the command's own clock is ours, whatever the sandbox's says
    points = [
        {
            "MetricName": "CPUUtilization",
            "Dimensions": [
                {"Name": "EndpointName", "Value": name},
                {"Name": "VariantName", "Value": "variant-1"},
            ],
            "Timestamp": today - timedelta(days=day),
            "Value": 3.0,
        }
        for day in range(1, 15)
    ]
    root.client("cloudwatch").put_metric_data(Namespace="/aws/sagemaker/Endpoints", MetricData=points)
    reported = root.esmcfn("audit", "dev", "--no-bill", "-f", "json").document["models"][0]["variants"][0]
    assert (reported["calls"], reported["reported_days"]) == (0, 14)
    assert root.esmcfn("audit", "dev", "--no-bill").out.startswith("dev · account 123456789012")


def test_what_drifted_and_what_runs_beside_is_told_when_asked_for_and_changes_no_exit_code(root):
    root.deployed()
    config = root.client("sagemaker").list_endpoint_configs()["EndpointConfigs"][0]["EndpointConfigName"]
    root.client("sagemaker").create_endpoint(EndpointName="beside", EndpointConfigName=config)
    root.client("iam").tag_role(RoleName="esm-sagemaker-exec-dev", Tags=[{"Key": "Owner", "Value": "me"}])
    unasked = root.esmcfn("audit", "dev", "--no-bill", "-f", "json").document
    assert (unasked["drift"], unasked["why_no_drift"]) == (None, "drift was not asked for (--drift)")
    done = root.esmcfn("audit", "dev", "--no-bill", "--drift", "-f", "json")
    assert done.code == 0, done.err
    assert done.document["drift"]["verdict"]["drifted"] is True
    assert [each["name"] for each in done.document["drift"]["unmanaged"]["endpoints"]] == ["beside"]
    page = root.esmcfn("audit", "dev", "--no-bill", "--drift", "-f", "html").out
    assert "esm-dev/ExecutionRole" in page
    assert "Tags/Owner: (none) -&gt; me" in page


def test_the_words_of_a_missing_permission_reach_the_reader(root):
    root.deployed()
    sandbox.fault(root.folder, "access-denied", action="cloudwatch:GetMetricData")
    done = root.esmcfn("audit", "dev", "--no-bill")
    assert done.code == 0, done.err
    assert "denied" in done.out
    assert "cloudwatch:GetMetricData" in done.out


def test_where_nothing_is_selected_no_price_is_asked_and_no_file_is_made(root):
    file = root.folder / "environments/dev.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("selected_models:")] + "selected_models: {}\n", encoding="utf-8")
    done = root.esmcfn("prices", "refresh", "dev")
    assert (done.code, done.out) == (0, "dev · no model is selected, so nothing was asked and nothing written\n")
    assert "### dev: no model is selected" in root.esmcfn("prices", "refresh", "dev", "-f", "markdown").out
    assert not (root.folder / "policies" / "prices.yaml").exists()


def test_the_walk_of_the_documentation_shows_what_idles_is_busy_and_too_large(root_of):
    root = root_of("multi_model")
    page = (REPOSITORY / "docs" / "sandbox.md").read_text(encoding="utf-8")
    section = page.split("## A past for the audit")[1].split("\n## ")[0]
    past, walk = [
        "\n".join(line[4:] for line in block.splitlines())
        for block in section.split("\n\n")
        if block.startswith("    ")
    ]
    copying, *commands = walk.splitlines()
    assert [word.split()[0] for word in commands] == ["sed", "esmcfn", "esmcfn", "esmcfn"]
    (root.folder / "catalogs" / "esm.yaml").write_bytes((REPOSITORY / "catalogs" / "esm.yaml").read_bytes())
    assert copying.startswith(f"cp -r examples/{root.folder.name} walk && cp catalogs/esm.yaml walk/catalogs/")
    root.write("past.yaml", past)
    subprocess.run(commands[0], shell=True, cwd=root.folder, check=True)
    done = [root.esmcfn(*command.split()[1:]) for command in commands[1:]]
    assert [each.code for each in done] == [0, 0, 0], [each.err for each in done]
    models = {each["model"]: each for each in root.esmcfn("audit", "dev", "-f", "json").document["models"]}
    idle, busy = models["prototype_model"], models["performance_model"]
    assert (idle["activity"], busy["activity"]) == ("idle", "busy")
    assert [saving["remedy"] for saving in idle["savings"]] == ["park"]
    assert [saving["remedy"] for saving in busy["savings"]] == ["schedule", "smaller"]
    assert "ml.g5.2xlarge would hold that" in done[-1].out
    assert "billed" in done[-1].out


def test_a_command_without_an_environment_is_told_with_all_its_words(root):
    done = root.esmcfn("prices", "refresh")
    assert (done.code, "next: esmcfn prices refresh dev" in done.err) == (2, True)


def test_a_refreshed_price_wins_and_one_that_is_not_sold_writes_nothing(root):
    refused = root.esmcfn("prices", "refresh", "dev")
    assert refused.code == 4
    assert "the sandbox sells nothing" in refused.err
    assert "name an environment with an AWS account" in refused.err
    assert not (root.folder / "policies" / "prices.yaml").exists()

    price = {"region": "us-east-2", "instance_type": "ml.g5.2xlarge", "usd_per_hour": "1.25"}
    sandbox.seed(root.folder, prices=[price])
    done = root.esmcfn("prices", "refresh", "dev", "-f", "json")
    assert done.code == 0, done.err
    assert done.document["prices"][0]["usd_per_hour"] == "1.25"
    cost = root.esmcfn("cost", "dev", "--offline", "-f", "json").document["cost"]
    assert cost["after_monthly"] == "912.50"
    assert "Price List API" in cost["items"][0]["price_source"]
