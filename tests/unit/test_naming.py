"""Names are a promise: what runs must not be renamed by a new esmcfn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmcfn import naming

IDENTITY = {"account": "123456789012", "region": "us-east-2", "stack": "esm-dev-prototype-model"}


def test_the_stable_name_of_an_endpoint_is_golden():
    assert naming.endpoint_name("Endpoint-ESMC-300M-1", **IDENTITY) == "Endpoint-ESMC-300M-1-b8fd8d87"


def test_the_content_name_is_golden():
    properties = {"EnableNetworkIsolation": True, "PrimaryContainer": {"ModelPackageName": "arn"}}
    assert naming.content_name("Model", **IDENTITY, properties=properties) == "Model-1b776a5a"


@pytest.mark.parametrize("key", ["account", "region", "stack"])
def test_account_region_and_stack_each_change_an_endpoints_name(key):
    changed = naming.endpoint_name("Endpoint", **{**IDENTITY, key: "other"})
    assert changed != naming.endpoint_name("Endpoint", **IDENTITY)


def test_a_stacks_name_has_no_underscore():
    assert naming.stack_name("esm", "dev", "prototype_model") == "esm-dev-prototype-model"


@given(st.dictionaries(st.text(min_size=1), st.integers() | st.text(), max_size=5))
def test_the_order_of_properties_does_not_change_a_content_name(properties):
    backwards = dict(reversed(properties.items()))
    assert naming.content_name("M", **IDENTITY, properties=properties) == naming.content_name(
        "M", **IDENTITY, properties=backwards
    )


def test_the_names_keep_the_terraform_modules_form():
    assert naming.role_name("esm", "dev") == "esm-sagemaker-exec-dev"
    assert naming.user_name("esm", "dev") == "esm-shared-invoke-dev"
    assert naming.user_name("esm", "dev", "lab-robot") == "lab-robot"
    assert naming.policy_name("esm", "dev", "lab-robot") == "esm-shared-invoke-policy-dev-lab-robot"
    assert naming.config_base_name("Endpoint-ESMC-300M-1") == "EndpointConfig-Endpoint-ESMC-300M-1"
