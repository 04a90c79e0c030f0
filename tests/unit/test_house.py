"""House rules: each has a good and a bad case, and the pages are made from them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

import pytest
from builders import a_base_stack, a_stack
from cloudformation import read
from housed import POLICY, a_template, broken, config
from msgspec.structs import replace

from esmcfn import inputs
from esmcfn.domain.finding import Level, Severity
from esmcfn.domain.origin import Origin, Origins
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.policy import house
from esmcfn.policy.graph import GRAPH_RULES
from esmcfn.policy.house.secret import looks_like
from esmcfn.policy.page import page
from esmcfn.selection import select
from esmcfn.template import synthesize_all
from examples import as_root, as_template

TESTS = Path(__file__).parents[1]
CASES = TESTS / "rules"

EVERY_RULE = pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.id)


def test_ids_are_unique_and_in_order() -> None:
    ids = [rule.id for rule in house.RULES]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"ESM\d{3}", rule_id) for rule_id in ids)


@EVERY_RULE
def test_a_rule_says_what_it_asks_and_why_and_who_else_says_so(rule: house.Rule) -> None:
    assert rule.summary
    assert not rule.summary.endswith(".")
    assert rule.why.endswith(".")
    assert rule.advice
    assert not rule.advice.endswith(".")
    assert rule.source.startswith("https://")


@pytest.mark.parametrize("folder", sorted(CASES.iterdir()), ids=lambda folder: folder.name)
def test_a_rule_passes_its_good_case_and_fails_its_bad_one(folder: Path) -> None:
    assert house.find(folder.name)
    assert folder.name not in broken(read((folder / "good.yaml").read_text("utf-8")))
    assert folder.name in broken(read((folder / "bad.yaml").read_text("utf-8")))


def judged(rule: house.Rule, example: str, tmp_path: Path) -> list[str]:
    if not rule.of_root:
        return broken(json.loads(as_template(rule, example)))
    loaded = inputs.load(as_root(example, tmp_path), "dev")
    templates = synthesize_all(select(loaded.project, problems=loaded.problems))
    return [finding.rule for finding in house.findings(templates, loaded.project.policy)]


@EVERY_RULE
def test_the_examples_that_a_rule_explains_itself_with_are_true(rule: house.Rule, tmp_path: Path) -> None:
    assert rule.id not in judged(rule, rule.good, tmp_path / "good")
    assert rule.id in judged(rule, rule.bad, tmp_path / "bad")


def test_there_are_enough_rules_of_our_own() -> None:
    assert len(house.RULES) + len(GRAPH_RULES) >= 25


def test_the_page_of_rules_is_current(update_golden: bool) -> None:
    path = TESTS.parent / "docs" / "rules.md"
    if update_golden:
        path.write_text(page(), "utf-8")
    assert path.read_text("utf-8") == page(), "run: python -m esmcfn.policy.page > docs/rules.md"


def test_a_rule_is_found_by_its_id_however_it_is_written() -> None:
    assert house.find("esm001") is house.RULES[0]
    assert house.find("ESM999") is None


def test_a_count_of_500_blocks_for_good() -> None:
    (first, second) = house.findings([a_template(config(count=500))], POLICY)
    assert (first.rule, first.level) == ("ESM001", Level.HARD)
    assert first.message == "500 instances, and the limit is 8 (max_instance_count)"
    assert second.rule == "ESM002"
    assert second.message == "500 instances in all, and the limit is 200 (max_instances_per_environment)"


PARAMETERS = {"N": {"Type": "Number", "Default": 500}, "S": {"Type": "String", "Default": "500"}}


def counted(count: object, **more: object) -> Mapping[str, object]:
    body = json.loads(json.dumps(config()))
    (variant,) = body["Resources"]["EndpointConfig"]["Properties"]["ProductionVariants"]
    variant["InitialInstanceCount"] = count
    variant.update(more)
    return {**body, "Parameters": PARAMETERS}


@pytest.mark.parametrize("count", ["500", 500.0, {"Ref": "N"}, {"Ref": "S"}])
def test_a_count_of_500_blocks_however_a_template_writes_it(count: object) -> None:
    (first, second) = house.findings([a_template(counted(count))], POLICY)
    assert first.message == "500 instances, and the limit is 8 (max_instance_count)"
    assert second.message.startswith("500 instances in all")


@pytest.mark.parametrize(
    "count", [None, True, "many", -1, "1" * 5000, {"Ref": "AWS::NoValue"}, {"Fn::If": ["A", 1, 500]}, {"Ref": ["N"]}]
)
def test_a_count_that_cannot_be_read_is_not_taken_for_few(count: object) -> None:
    (first, second) = house.findings([a_template(counted(count))], POLICY)
    assert (first.rule, first.level, second.rule, second.level) == ("ESM001", Level.HARD, "ESM002", Level.HARD)
    assert "cannot be read, and the limit is 8" in first.message
    assert "cannot be read (esm-dev), and the limit is 200" in second.message


def test_variants_that_only_cloudformation_can_work_out_are_not_taken_for_none() -> None:
    body = json.loads(json.dumps(config()))
    body["Resources"]["EndpointConfig"]["Properties"]["ProductionVariants"] = {"Fn::If": ["A", [], []]}
    assert {"ESM001", "ESM002"} <= set(broken(body))


def test_a_serverless_variant_starts_no_instances() -> None:
    body = counted(1, ServerlessConfig={"MaxConcurrency": 5, "MemorySizeInMB": 1024})
    (variant,) = body["Resources"]["EndpointConfig"]["Properties"]["ProductionVariants"]  # type: ignore[index]
    del variant["InitialInstanceCount"]
    assert not {"ESM001", "ESM002"} & set(broken(body))


@pytest.mark.parametrize(("most", "told"), [("500", "may start 500"), ({"Ref": "N"}, "may start 500"), (None, "read")])
@pytest.mark.parametrize("namespace", ["sagemaker", {"Fn::Sub": "sagemaker"}])
def test_what_autoscaling_may_start_is_read_in_the_same_way(most: object, told: str, namespace: object) -> None:
    properties = {"ServiceNamespace": namespace, "MinCapacity": 1, "MaxCapacity": most}
    target = {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties}
    (finding,) = house.findings([a_template({"Resources": {"T": target}, "Parameters": PARAMETERS})], POLICY)
    assert (finding.rule, finding.path) == ("ESM031", "T/MaxCapacity")
    assert told in finding.message


@pytest.mark.parametrize("body", [counted("many"), counted(1, InstanceType={"Ref": "T"})])
def test_a_quota_of_what_cannot_be_counted_is_not_known_to_hold(body: Mapping[str, object]) -> None:
    findings = house.findings([a_template(body)], Policy(quotas={"ml.g5.2xlarge": 4}))
    assert any("cannot be read (esm-dev), so no quota is known to hold" in each.message for each in findings)


def test_without_a_limit_any_count_will_do() -> None:
    assert list(house.findings([a_template(config(count=500))], Policy())) == []


def test_more_instances_than_the_limit_in_all_are_told_once_of_the_environment() -> None:
    selected = Origin("environments/dev.yaml", 11)
    origins = Origins(at=Origin("environments/dev.yaml", 1), keys={"selected_models": selected})
    base = replace(a_template({}), stack=a_base_stack(origins=origins))
    models = [replace(a_template(config(count=8)), stack=a_stack(f"m{number}")) for number in range(28)]

    (finding,) = house.findings([base, *models], POLICY)

    assert finding.rule == "ESM002"
    assert finding.message == "224 instances in all, and the limit is 200 (max_instances_per_environment)"
    assert finding.origin == selected
    assert (finding.stack, finding.model, finding.logical_id) == ("", None, "")


def test_without_a_base_stack_too_many_in_all_point_into_the_environment_s_file_too() -> None:
    models = [replace(a_template(config(count=8)), stack=a_stack(f"m{number}")) for number in range(26)]
    (finding,) = house.findings(models, POLICY)
    assert finding.origin == models[0].stack.origins.at


def test_as_many_instances_as_the_limit_are_fine_and_parked_ones_do_not_count() -> None:
    models = [replace(a_template(config(count=8)), stack=a_stack(f"m{number}")) for number in range(25)]
    parked = [replace(a_template(config(count=8)), stack=a_stack(f"p{number}", parked=True)) for number in range(9)]
    assert list(house.findings([*models, *parked], POLICY)) == []


@pytest.mark.parametrize(
    ("named", "near"),
    [("ESM133", "did you mean ESM033?"), ("ESM777", "did you mean"), ("ESM043", "did you mean")],
)
def test_a_level_of_a_rule_that_does_not_exist_blocks_for_good(named: str, near: str) -> None:
    (finding,) = house.findings([a_template({})], Policy(levels={named: Level.ADVISORY, "ESM001": Level.SOFT}))

    assert (finding.rule, finding.level, finding.severity) == ("ESMCFN-LEVELS", Level.HARD, Severity.ERROR)
    assert f"there is no rule {named}" in finding.message
    assert near in finding.message


def test_an_environment_that_the_policy_names_and_nobody_wrote_is_told() -> None:
    policy = Policy(mentioned=("prod", "de*", "pord"), known=("dev", "prod"))
    (finding,) = house.findings([a_template({})], policy)
    assert (finding.rule, finding.level) == ("ESMCFN-ENVIRONMENT", Level.ADVISORY)
    assert finding.message == "policies/ names an environment pord, and there is none (did you mean prod?)"


@pytest.mark.parametrize(("mentioned", "told"), [("prod", True), ("prod*", False), ("dv*", True), ("*", False)])
def test_a_glob_may_wait_for_an_environment_unless_it_is_nearly_one(mentioned: str, told: bool) -> None:
    policy = Policy(mentioned=(mentioned,), known=("dev",))
    assert bool([*house.findings([a_template({})], policy)]) == told


def test_levels_of_other_engines_rules_are_not_the_house_s_to_judge() -> None:
    levels = {"E3012": Level.ADVISORY, "CKV_AWS_149": Level.HARD}
    assert list(house.findings([a_template({})], Policy(levels=levels))) == []


def container(name: str, value: str = "never shown") -> Mapping[str, object]:
    image = f"123456789012.dkr.ecr.us-east-2.amazonaws.com/esm@sha256:{'0' * 64}"
    properties = {"PrimaryContainer": {"Image": image, "Environment": {name: value}}}
    return {"Resources": {"Model": {"Type": "AWS::SageMaker::Model", "Properties": properties}}}


@pytest.mark.parametrize(
    "name",
    [
        *("TOKEN", "HF_TOKEN", "api_key", "Db_Password", "AWS_SECRET_ACCESS_KEY", "KEY_1", "MY_CREDENTIAL"),
        *("DB_PASS", "PASS", "PGPASSWORD", "MYSQL_PWD", "APIKEY", "openaiApikey", "DB_PASSWD", "SSH_PASSPHRASE"),
        *(
            "PAD_TOKEN_SECRET",
            "TOKEN_IDENTITY",
            "SECRETS",
            "DB_SECRETS",
            "PASSWORDS",
            "API_KEYS",
            "TOKENS",
            "HF_TOKENS",
        ),
        *("HFTOKEN", "HFTOKENS", "MYSECRET", "DBPASS", "DBPWD", "JWT", "BEARER", "PASSCODE", "wandbapikeys", "DB_CRED"),
    ],
)
def test_a_variable_that_reads_like_a_secret_is_told_without_its_value(name: str) -> None:
    (finding,) = house.findings([a_template(container(name))], POLICY)

    assert (finding.rule, finding.level) == ("ESM013", Level.SOFT)
    assert finding.message.startswith(f"{name} reads like a secret")
    assert "never shown" not in finding.message


@pytest.mark.parametrize(
    "name",
    [
        *("MAX_TOKENS", "TOKENIZER", "MONKEY", "KEYWORDS", "PASSWORDLESS", "LOG_LEVEL", "PASS_THROUGH", "COMPASS"),
        *("PAD_TOKEN_ID", "padTokenId", "EOS_TOKEN", "MASK_TOKEN_IDS", "TOKEN_ID", "PWD", "OLDPWD", "OLD_PWD"),
        *("TOKENIZERS_PARALLELISM", "TOKENS_PER_BATCH", "MAX_BATCH_TOKENS", "SKIP_SPECIAL_TOKENS", "MAXTOKENS"),
        *("COST_PER_TOKEN", "STOP_TOKEN", "SECRETARY", "JWT_ISSUER", "BYPASS", "LOWPASS", "SORT_KEYS", "KEYSTONE_URL"),
        *("PASSENGERS", "CREDO", "CREDIT_LIMIT", "SENTRY_DSN", "HF_HOME", "HF_HUB_OFFLINE", "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_a_variable_that_only_sounds_like_one_is_fine(name: str) -> None:
    assert broken(container(name)) == []


# Put together here, so that no file of the repository holds what looks like a secret.
MADE_UP = [
    *(f"sk-{maker}-" + "a1B2" * 6 for maker in ("proj", "ant", "svcacct")),
    *(f"{maker}-" + "a1B2_" * 5 for maker in ("glpat", "nvapi")),
    *("HTTPS" + "://admin:hunter2@db.example.com/", "https" + "://ghx_" + "0a1b2c3d" * 4 + "@github.com/acme/x"),
    *("x_" + "AKIA" + "QYLPMN5HFIQR7XYZ" + "_y", "k=" + "wJalrXUt/FEMI/K7MDENG/" + "bPxRfiCYzzzzEXAKEY"),
    *("[s]k_live_".translate({91: None, 93: None}) + "a1B2" * 6, "SG." + "a1B2" * 6 + "." + "a1B2c3D4" * 5),
    *("SK" + "0a1b2c3d" * 4, "https" + "://hooks.slack.com/services/T0/B0/" + "a1B2" * 6),
    *(
        "-----BEGIN PGP PRIVATE " + "KEY BLOCK-----",
        "Bearer " + "a1B2" * 6,
        "authorization: Basic " + "a1B2" * 5 + "==",
    ),
    *(
        "https" + "://x.blob.core.windows.net/c?sv=1&sig=" + "a1B2" * 10,
        "https" + "://b/k?X-Amz-Signature=" + "0a" * 32,
    ),
    *(
        '{"pass' + 'word": "hunter2hunter2"}',
        "Server=db;Pass" + "word=hunter2;",
        "jdbc:x://db/e?user=a&pass" + "word=hunter2",
    ),
    *("host=db pass" + "word=hunter2", "--api-" + "key=abcdefgh1234", "--pass" + "word hunter2hunter2"),
    *("https" + "://x.example.com/?api_" + "key=a1b2c3d4e5", "config:pass" + "word=hunter2"),
    *("Account" + "Key=" + "a1B2" * 20 + "==;", "db.pass" + "word=hunter2", "AWS_SECRET_" + "ACCESS_KEY=a1b2c3d4e5"),
    *("sk-" + "a1B2" * 12, "AIza" + "a1B2c" * 7, "npm_" + "a1B2c3" * 6, "pypi-AgE" + "a1B2" * 6),
]


@pytest.mark.parametrize("value", MADE_UP)
def test_a_value_whose_maker_gave_it_a_form_is_told_and_never_shown(value: str) -> None:
    (finding,) = house.findings([a_template(container("ENDPOINT", value))], POLICY)
    assert (finding.rule, finding.level) == ("ESM032", Level.HARD)
    assert value not in finding.message


HARMLESS = [
    *("sk-learn-transformers-for-proteins-v1", "sk-proj-1", "glpat-", "nvapi", "AIzaX", "SKILL", "SG.1.2", "sk_test_"),
    *(
        "https" + "://user@example.com/",
        "ssh" + "://git@github.com/acme/a-long-name-of-a-repository-1",
        "redis" + "://host:6379/0",
    ),
    "https" + "://" + "0a1b2c3d" * 4 + "@o1.ingest.sentry.io/2",
    *(
        "--max-tokens=2048 --pad-token=<pad>",
        '{"eos_token": "</s>", "token_type": "residue"}',
        "primary_key=sequence_id",
    ),
    *("--pass" + "word-file=/run/secrets/db", "pass" + "word=${DB_PASSWORD}", "sec" + "ret=arn:aws:secretsmanager:x"),
    *("pass" + "word: required", "Basic characterization of proteins", "Bearer of news", "tokens: 2048, batch: 16"),
    *("/opt/ml/model/ESMC300/weights/a1/ckpt001", "0a1b2c3d" * 5, "a1B2" * 16, "s3://bucket/a/b/Model1.tar.gz"),
]


@pytest.mark.parametrize("value", HARMLESS)
def test_a_value_that_only_begins_like_one_is_fine(value: str) -> None:
    assert broken(container("ENDPOINT", value)) == []


@pytest.mark.parametrize("part", ["a", "a.", "a-", "--", "a://", "a=", "a:a@", "ab ", "/a", "Basic "])
def test_a_long_value_is_judged_in_time_in_proportion(part: str) -> None:
    began = perf_counter()
    looks_like(part * 20_000)
    assert perf_counter() - began < 2


KEY_ID = "AKIA" + "QYLPMN5HFIQR7XYZ"


def test_a_tag_tells_no_secret_and_is_told_once(tmp_path: Path) -> None:
    stack = replace(a_base_stack(), tags={"Cred": KEY_ID, "Project": "esm", f"x-{KEY_ID}": "1"})
    tags = [{"Key": key, "Value": value} for key, value in stack.tags.items()]
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": "a", "Tags": tags}}}}
    both = [replace(a_template(body), stack=stack), replace(a_template(body), stack=stack)]
    found = [each for each in house.findings(both, POLICY) if each.rule == "ESM032"]
    assert [each.message for each in found] == [
        "the tag Cred looks like an AWS access key",
        "a tag looks like an AWS access key",
    ]
    assert {each.path for each in found} == {"environment:tags"}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"Description": f"with {KEY_ID}"}, "Description"),
        ({"Outputs": {"A": {"Value": KEY_ID}}}, "Outputs/A/Value"),
        ({"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": KEY_ID}}}}, "T/DisplayName"),
    ],
)
def test_no_other_text_of_a_template_tells_one(body: Mapping[str, object], path: str) -> None:
    (found,) = house.findings([a_template(body)], POLICY)
    assert (found.rule, found.path) == ("ESM032", path)
    assert KEY_ID not in found.message


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        *((each, True) for each in ("AmazonS3FullAccess", "CloudWatchFullAccessV2", "AdministratorAccess-Amplify")),
        *((each, True) for each in ("job-function/DatabaseAdministrator", "AmazonEC2ContainerRegistryPowerUser")),
        *((each, False) for each in ("AmazonEC2ContainerRegistryReadOnly", "AmazonS3ReadOnlyAccess")),
    ],
)
def test_all_of_a_service_is_too_much_for_anybody(policy: str, told: bool) -> None:
    assert ("ESM009" in broken(role_with(policy))) == told


def role_with(policy: str) -> Mapping[str, object]:
    properties = {"ManagedPolicyArns": [{"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{policy}"}]}
    return {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}}}


def test_a_variable_s_finding_points_at_its_own_line() -> None:
    line = Origin("catalogs/esm.yaml", 12)
    lines = {"Model/PrimaryContainer/Environment/HF_TOKEN": line}
    (finding,) = house.findings([replace(a_template(container("HF_TOKEN")), origins=lines)], POLICY)
    assert finding.origin == line


def test_a_region_that_is_not_known_is_said_and_never_passed_over() -> None:
    assert broken(config(), region="mars-north-1") == ["ESM004", "ESM030"]


def test_a_type_that_other_regions_offer_is_not_offered_here() -> None:
    assert broken(config("ml.trn1.2xlarge"), region="us-east-1") == ["ESM030"]
    assert broken(config("ml.trn1.2xlarge"), region="us-east-2") == ["ESM003"]


def test_levels_of_the_policy_win() -> None:
    policy = Policy(levels={"ESM001": Level.ADVISORY}, limits={"max_instance_count": 1})
    (finding,) = house.findings([a_template(config(count=2))], policy)
    assert finding.level is Level.ADVISORY


KEY = {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": "someone"}}
SECRET = {"Fn::GetAtt": ["Key", "SecretAccessKey"]}


@pytest.mark.parametrize(
    "body",
    [
        {"Resources": {"Key": KEY}, "Outputs": {"Secret": {"Value": SECRET}}},
        {"Resources": {"Key": KEY}, "Outputs": {"Secret": {"Value": {"Fn::GetAtt": "Key.SecretAccessKey"}}}},
        {"Resources": {"Key": KEY}, "Outputs": {"Secret": {"Value": {"Fn::Sub": "${Key.SecretAccessKey}"}}}},
        {"Resources": {"Key": KEY}, "Metadata": {"Note": {"Fn::Join": ["", ["x", SECRET]]}}},
        {"Resources": {"Key": KEY, "Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"x": SECRET}}}},
        {
            "Resources": {
                "Key": KEY,
                "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": SECRET}},
            }
        },
        {
            "Resources": {
                "Key": KEY,
                "Topic": {
                    "Type": "AWS::SNS::Topic",
                    "Properties": {"Tags": [{"Key": "k", "Value": {"Fn::Sub": ["${x}", {"x": SECRET}]}}]},
                },
            }
        },
    ],
    ids=["output", "output-short", "output-sub", "metadata", "resource-metadata", "description", "tag"],
)
def test_the_secret_of_a_key_is_found_wherever_it_goes(body: Mapping[str, object]) -> None:
    assert "ESM007" in broken(body)


def test_a_finding_points_at_the_property() -> None:
    template = a_template(config(count=500))
    line = template.stack.origins.of("region")
    known = {"EndpointConfig/ProductionVariants/0/InitialInstanceCount": line}
    pointed = Template(stack=a_stack(), text="", body=template.body, digest="", origins=known, names={})
    finding = next(iter(house.findings([pointed], POLICY)))
    assert finding.origin == line
    assert finding.model == "prototype_model"
    assert finding.logical_id == "EndpointConfig"
