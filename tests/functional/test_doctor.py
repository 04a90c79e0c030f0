"""doctor as a whole process, in a sandbox with bad days."""

from __future__ import annotations

import json

import pytest

from esmcfn import sandbox
from esmcfn.errors import ExitCode


def checks(done):
    (environment,) = done.document["environments"]
    return {(each["check"], each["subject"]): each for each in environment["checks"]}


def test_a_healthy_account_is_0_and_faults_are_told_one_by_one(root):
    sandbox.ensure(root.folder)
    well = root.esmcfn("doctor", "dev", "-f", "json")
    assert well.code == ExitCode.DONE, well.out + well.err
    assert well.document["schema"] == "esmcfn.doctor/v1"
    seen = checks(well)
    for name in (("credentials", None), ("account", None), ("stacks", None), ("quota", "ml.g5.2xlarge")):
        assert seen[name]["health"] == "ok", seen[name]
    assert {each["health"] for each in seen.values()} == {"ok"}
    assert "an AWS account is examined about them" in seen["sandbox", None]["said"]
    assert seen["credentials", None]["said"].endswith("arn:aws:sts::123456789012:federated-user/sandbox")
    assert {each["subject"]: each["health"] for each in well.document["tools"]}["checkov"] == "ok"

    sandbox.fault(root.folder, "not-subscribed")
    poor = root.esmcfn("doctor", "dev", "-f", "json")
    (model,) = [each for key, each in checks(poor).items() if key[0] == "subscription"]
    assert (model["health"], "not subscribed" in model["said"]) == ("warning", True)
    sandbox.clear_faults(root.folder)

    sandbox.fault(root.folder, "quota", instance_type="ml.g5.2xlarge", limit=0)
    full = root.esmcfn("doctor", "dev")
    assert full.code == ExitCode.CLOUD
    assert "    ! quota ml.g5.2xlarge: 0 instances" in full.out
    sandbox.clear_faults(root.folder)

    sandbox.fault(root.folder, "access-denied", action="servicequotas:ListServiceQuotas")
    blind = root.esmcfn("doctor", "dev", "-f", "json")
    assert blind.code == ExitCode.DONE
    assert checks(blind)["quota", None]["health"] == "unknown"
    sandbox.clear_faults(root.folder)

    sandbox.fault(root.folder, "expired-token")
    expired = root.esmcfn("doctor", "dev", "-f", "json")
    assert expired.code == ExitCode.CLOUD
    assert checks(expired)["credentials", None]["health"] == "failed"
    assert ("stacks", None) not in checks(expired)


@pytest.mark.parametrize("words", [("doctor", "nowhere"), ("doctor", "plan"), ("doctor", "--nope")])
def test_words_that_mean_nothing_are_usage(root, words):
    assert root.esmcfn(*words).code == ExitCode.USAGE


def test_files_that_are_wrong_are_a_check_that_failed_beside_the_others(root):
    root.write("environments/bad.yaml", "environment: worse\n")
    done = root.esmcfn("doctor", "-f", "json")
    assert done.code == ExitCode.CLOUD
    by_name = {each["environment"]: each["checks"] for each in done.document["environments"]}
    assert [each["check"] for each in by_name["bad"]] == ["files"]
    assert "environments/bad.yaml:" in by_name["bad"][0]["said"]
    assert len(by_name["dev"]) > 5


def test_a_folder_without_environments_still_has_tools(root, tmp_path):
    done = root.esmcfn("--root", str(tmp_path), "doctor", "-f", "json", ESMCFN_CHECKOV="/nowhere")
    assert done.code == ExitCode.CLOUD
    document = json.loads(done.out)
    assert document["environments"] == []
    (warned,) = [each for each in document["tools"] if each["health"] == "warning"]
    assert (warned["check"], warned["said"]) == ("root", "it has no environments/NAME.yaml")
    assert "esmcfn init" in warned["next_step"]
    (failed,) = [each for each in document["tools"] if each["health"] == "failed"]
    assert (failed["subject"], failed["next_step"]) == ("checkov", "esmcfn doctor --install-tools")


def test_tools_that_are_in_place_are_not_installed_again(root):
    done = root.esmcfn("doctor", "--install-tools")
    assert done.code == ExitCode.DONE, done.err
    assert "checkov is in place" in done.err
