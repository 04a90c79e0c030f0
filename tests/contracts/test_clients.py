"""Clients of botocore's own: one of each service that we name, and of no shell's environment."""

from __future__ import annotations

import pytest

from esmcfn.aws import Reach
from esmcfn.aws.models import SERVICES
from esmcfn.aws.session import Clients
from esmcfn.errors import CloudError

SANDBOX = Reach(region="us-east-2", endpoint_url="http://127.0.0.1:9", credentials=("sandbox", "sandbox"))


class TestClients:
    @pytest.mark.parametrize("service", SERVICES)
    def test_there_is_a_client_of_every_service_that_we_name(self, service):
        assert Clients(SANDBOX).of(service).meta.service_model.service_name == service

    def test_the_sandboxs_address_is_reached_whatever_the_shell_says(self, monkeypatch, tmp_path):
        config = tmp_path / "config"
        config.write_text("[default]\nregion = eu-west-1\nuse_fips_endpoint = true\ncredential_process = false\n")
        for name, value in {
            "AWS_PROFILE": "nobody",
            "AWS_DEFAULT_PROFILE": "nobody",
            "AWS_CONFIG_FILE": str(config),
            "AWS_ENDPOINT_URL": "https://example.com",
            "AWS_ENDPOINT_URL_CLOUDFORMATION": "https://example.com",
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_CA_BUNDLE": "/nowhere",
            "AWS_ACCESS_KEY_ID": "not-this",
            "AWS_MAX_ATTEMPTS": "1",
        }.items():
            monkeypatch.setenv(name, value)
        client = Clients(SANDBOX).of("cloudformation")
        assert client.meta.endpoint_url == SANDBOX.endpoint_url
        assert client.meta.region_name == "us-east-2"
        assert client._request_signer._credentials.access_key == "sandbox"

    def test_a_profile_that_does_not_exist_is_said_so(self):
        with pytest.raises(CloudError, match="nobody"):
            Clients(Reach(region="us-east-2", profile="nobody")).of("sts")
