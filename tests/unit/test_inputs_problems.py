"""load: what is wrong with one field, told at the file, line and column of its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, PACKAGE, a_root

from esmcfn import inputs


def complaints(root: Path) -> list[str]:
    return [str(problem) for problem in inputs.load(root, "dev").problems]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "account: sandbox",
            "account: 012345670123",
            '2:1: account: must be an account\'s 12 digits in quotes, or "sandbox", but YAML reads 012345670123'
            ' as a number (write it in quotes: "012345670123")',
        ),
        (
            "account: sandbox",
            "account: 012345678901",
            '2:1: account: must be an account\'s 12 digits in quotes, or "sandbox", but YAML reads 012345678901'
            ' as a number (write it in quotes: "012345678901")',
        ),
        (
            "account: sandbox",
            "account: 111122223333",
            '2:1: account: must be an account\'s 12 digits in quotes, or "sandbox", but YAML reads 111122223333'
            ' as a number (write it in quotes: "111122223333")',
        ),
        (
            "account: sandbox",
            "account: sandbx",
            '2:1: account: must be an account\'s 12 digits in quotes, or "sandbox", not sandbx (did you mean sandbox?)',
        ),
        (
            "account: sandbox",
            'account: "1111\\n"',
            "2:1: account: may not hold the character '\\n' (write it on one line)",
        ),
        (
            "region: us-east-2",
            "region: us-east2",
            "3:1: region: must be a region such as us-east-2, not us-east2",
        ),
        (
            "region: us-east-2",
            'region: " US-East-2"',
            "3:1: region: must be a region such as us-east-2, not ' US-East-2' (did you mean us-east-2?)",
        ),
        (
            "region: us-east-2",
            "region: no",
            "3:1: region: must be a region such as us-east-2, but YAML reads no as a truth value",
        ),
        ("region: us-east-2", "regoin: us-east-2", "3:1: regoin: unknown key (did you mean region?)"),
        ("region: us-east-2", "region:", "3:1: region: has no value (it must be a region such as us-east-2)"),
        ("catalog: ", "models_yaml_path: ", "4:1: models_yaml_path: unknown key (did you mean catalog?)"),
        (
            "iam_role_name_prefix: esm",
            "iam_role_name_prefix: 1esm",
            "5:1: iam_role_name_prefix: must be letters and digits, with hyphens between them, a letter first,"
            " not 1esm",
        ),
        (
            "Project: esm-partner",
            "CostCentre: 4711",
            '7:3: tags.CostCentre: must be text, but YAML reads 4711 as a number (write it in quotes: "4711")',
        ),
        (
            "Project: esm-partner",
            "Owner: yes",
            '7:3: tags.Owner: must be text, but YAML reads yes as a truth value (write it in quotes: "yes")',
        ),
        (
            "Project: esm-partner",
            "Until: 2026-11-21",
            '7:3: tags.Until: must be text, but YAML reads 2026-11-21 as a date (write it in quotes: "2026-11-21")',
        ),
        ("Project: esm-partner", "Project:", "7:3: tags.Project: has no value (it must be text)"),
        ("Project: esm-partner", "Project: [a]", "7:3: tags.Project: must be text, not a list"),
        (
            "Project: esm-partner",
            f"{'k' * 129}: v",
            f"7:3: tags: a key must be a tag's key, 1 to 128 characters, not {'k' * 77}...",
        ),
        (
            "account: false",
            "account: 0",
            "8:1: enable_shared_service_account: must be true or false, not 0",
        ),
        (
            "account: false",
            'account: "true"',
            "8:1: enable_shared_service_account: must be true or false, not the text true (write true without quotes)",
        ),
        (
            'account_name: ""',
            "account_name: a b",
            "9:1: shared_service_account_name: must be letters, digits and +=,.@_-, not a b",
        ),
        (
            'account_name: ""',
            f"account_name: {'n' * 65}",
            "9:1: shared_service_account_name: at most 64 characters, not 65",
        ),
        (
            "prototype_model:",
            '"prototype model":',
            "11:3: selected_models: a key must be letters and digits, with hyphens or underscores between them,"
            " not prototype model",
        ),
        (
            "    selector: ESMC-300M\n",
            "",
            "11:3: prototype_model.selector: is missing (it must be a model of the catalog)",
        ),
        (
            "selector: ESMC-300M",
            "selectr: ESMC-300M",
            "12:5: prototype_model.selectr: unknown key (did you mean selector?)",
        ),
        (
            "ml.g5.2xlarge",
            "g5.2xlarge",
            "13:5: prototype_model.instance_type: must be an instance type of SageMaker hosting such as"
            " ml.g5.2xlarge, not g5.2xlarge (did you mean ml.g5.2xlarge?)",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            "instance_count: 0",
            "13:5: prototype_model.instance_count: must be a whole number, 1 or more, not 0",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            "instance_count: true",
            "13:5: prototype_model.instance_count: must be a whole number, 1 or more, not true",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            "instance_count: 1.0",
            "13:5: prototype_model.instance_count: must be a whole number, 1 or more, not 1.0",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            "instance_count: 010",
            "13:5: prototype_model.instance_count: must be a whole number, 1 or more, not 010 (write plain digits)",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            'instance_count: "2"',
            "13:5: prototype_model.instance_count: must be a whole number, 1 or more, not the text 2"
            " (write 2 without quotes)",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            'instance_count: ""',
            "13:5: prototype_model.instance_count: must be a whole number, 1 or more, not the text ''",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            f"instance_count: {'9' * 44}",
            f"13:5: prototype_model.instance_count: {'9' * 44} is too large, at most 1000000",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            "instance_count: 1000001",
            "13:5: prototype_model.instance_count: 1000001 is too large, at most 1000000",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            f"instance_count: -{'9' * 44}",
            f"13:5: prototype_model.instance_count: must be a whole number, 1 or more, not -{'9' * 44}"
            " (write plain digits)",
        ),
        (
            "instance_type: ml.g5.2xlarge",
            "parked: 1",
            "13:5: prototype_model.parked: must be true or false, not 1",
        ),
        (
            "environment: dev",
            "environment: prod",
            "1:1: environment: prod is not the file's name, dev (write dev, or rename the file)",
        ),
    ],
)
def test_a_wrong_field_is_told_at_its_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    found = complaints(a_root(tmp_path, environment=changed(ENVIRONMENT_TEXT, old, new)))

    assert f"environments/dev.yaml:{complaint}" in found


@pytest.mark.parametrize(
    ("added", "complaint"),
    [
        ("budget: much", "14:1: budget: must be US dollars a month such as 2000, not much"),
        (f"budget: {'9' * 44}", f"14:1: budget: {'9' * 44} is too large, at most 999999999"),
        ("budget: -1", "14:1: budget: must be US dollars a month such as 2000, not -1"),
        ("budget: {usd: 1}", "14:10: budget.usd: unknown key"),
        (
            "execution_role: {managed_policies: [ReadOnlyAccess, 7]}",
            "14:53: execution_role.managed_policies: must be a managed policy's ARN or name, but YAML reads 7"
            ' as a number (write it in quotes: "7")',
        ),
        (
            "execution_role: {path: service}",
            "14:18: execution_role.path: must be an IAM path that begins and ends with a slash, not service",
        ),
        (
            "execution_role: {path: /x/, pth: 1}\nexecution_role_arn: arn:aws:iam::123456789012:role/x",
            "14:29: execution_role.pth: unknown key (did you mean path?)",
        ),
        (
            "execution_role: {path: /x/}\nexecution_role_arn: arn:aws:iam::123456789012:role/x",
            "14:1: execution_role: may not stand beside execution_role_arn (remove one of them)",
        ),
        (
            "role_arn: arn:aws:iam::123:role/x",
            "14:1: role_arn: must be a role's ARN, not arn:aws:iam::123:role/x",
        ),
        (
            "termination_protection: maybe",
            "14:1: termination_protection: must be true or false, not the text maybe",
        ),
    ],
)
def test_a_wrong_field_that_was_added_is_told_at_its_key(tmp_path: Path, added: str, complaint: str) -> None:
    found = complaints(a_root(tmp_path, environment=f"{ENVIRONMENT_TEXT}{added}\n"))

    assert f"environments/dev.yaml:{complaint}" in found


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("models:", "modells:", "1:1: modells: unknown key (did you mean models?)"),
        (
            "models:",
            "models: []\nother:",
            "1:1: models: must be a mapping of selectors to models, not a list",
        ),
        (
            '    instance_type: "ml.g5.2xlarge"\n',
            "",
            "2:3: ESMC-300M.instance_type: is missing (it must be an instance type of SageMaker hosting such as"
            " ml.g5.2xlarge)",
        ),
        (
            f'    model_package: "{PACKAGE}"\n',
            "",
            "2:3: ESMC-300M: model_package or container is missing",
        ),
        (
            "    instance_count: 1",
            "    container: {image: 123456789012.dkr.ecr.us-east-2.amazonaws.com/esm}",
            "8:5: ESMC-300M: container may not stand beside model_package (remove one of them)",
        ),
        (
            PACKAGE,
            "esmc-300m",
            "6:5: ESMC-300M.model_package: must be a model package's ARN, or a mapping of regions to ARNs,"
            " not esmc-300m",
        ),
        (
            f'"{PACKAGE}"',
            f"{{us-west-2: {PACKAGE}}}",
            "6:21: ESMC-300M.model_package.us-west-2: the ARN is of us-east-2 (write us-west-2's own ARN)",
        ),
        (
            f'"{PACKAGE}"',
            f"{{oregon: {PACKAGE}}}",
            "6:21: ESMC-300M.model_package: a key must be a region such as us-east-2, not oregon",
        ),
        (
            '"Endpoint-ESMC-300M-1"',
            "Endpoint_ESMC",
            "5:5: ESMC-300M.endpoint_name: must be letters and digits, with hyphens between them, not Endpoint_ESMC",
        ),
        (
            "instance_count: 1",
            "instance_count: no",
            "8:5: ESMC-300M.instance_count: must be a whole number, 1 or more, not no",
        ),
        (
            "instance_count: 1",
            "instance_count: 1\n    supported_instance_types: ml.g5.2xlarge",
            "9:5: ESMC-300M.supported_instance_types: must be a list of instance types, not the text ml.g5.2xlarge",
        ),
        (
            "instance_count: 1",
            "instance_count: 1\n    software_usd_per_hour: free",
            "9:5: ESMC-300M.software_usd_per_hour: must be US dollars per instance and hour such as 1.10, not free",
        ),
        (
            "  ESMC-300M:",
            '  "ESMC 300M":',
            "2:3: models: a key must be letters, digits, dots, hyphens and underscores, not ESMC 300M",
        ),
    ],
)
def test_a_wrong_field_of_the_catalog_is_told_at_its_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    found = complaints(a_root(tmp_path, catalog=changed(CATALOG_TEXT, old, new)))

    assert f"catalogs/esm.yaml:{complaint}" in found
