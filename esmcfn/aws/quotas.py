"""Service Quotas, and what the account's endpoints use of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws.session import Clients, error_message, translated
from esmcfn.threads import Pool

FOR_ENDPOINTS = re.compile(r"(ml\.[a-z0-9.-]+) for endpoint usage")
"""How Service Quotas names the quota of an instance type."""

ALL_INSTANCES = "Number of instances across active endpoints"
"""How Service Quotas names the quota of all instance types together."""

SIDE_BY_SIDE = 8
"""Endpoints read at a time."""


class AccountQuotas:
    """The port Quotas, by Service Quotas and SageMaker."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def limits(self) -> Mapping[str, int]:
        client = self._clients.of("service-quotas")
        with translated("reading SageMaker's quotas", operation="ListServiceQuotas"):
            pages = list(client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker"))
        quotas = {quota["QuotaName"]: int(quota["Value"]) for page in pages for quota in page["Quotas"]}
        found = {kind[1]: limit for name, limit in quotas.items() if (kind := FOR_ENDPOINTS.fullmatch(name))}
        return {**found, **({"": quotas[ALL_INSTANCES]} if ALL_INSTANCES in quotas else {})}

    def in_use(self, *, besides: frozenset[str]) -> Mapping[str, int]:
        with translated("listing the account's endpoints", operation="ListEndpoints"):
            pages = list(self._client.get_paginator("list_endpoints").paginate())
        names = [found["EndpointName"] for page in pages for found in page["Endpoints"]]
        others = [name for name in names if name not in besides]
        used: Counter[str] = Counter()
        with Pool(max_workers=SIDE_BY_SIDE) as pool:
            for counted in pool.map(self._instances, others):
                used.update(counted)
        return used

    @property
    def _client(self) -> Any:
        return self._clients.of("sagemaker")

    def _instances(self, name: str) -> Counter[str]:
        """Instances of one endpoint by type; none of one that went away meanwhile."""
        with translated(f"asking SageMaker about endpoint {name}", operation="DescribeEndpoint"):
            try:
                endpoint = self._client.describe_endpoint(EndpointName=name)
                config = self._client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
            except ClientError as error:
                if "Could not find" in error_message(error):
                    return Counter()
                raise
        return Counter(dict(_counts(endpoint, config)))


def _counts(endpoint: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    running = {variant["VariantName"]: variant for variant in endpoint.get("ProductionVariants", [])}
    counts: Counter[str] = Counter()
    for variant in config["ProductionVariants"]:
        seen = running.get(variant["VariantName"], {})
        count = seen.get(
            "CurrentInstanceCount", seen.get("DesiredInstanceCount", variant.get("InitialInstanceCount", 0))
        )
        if "InstanceType" in variant and endpoint["EndpointStatus"] != "Failed":
            counts[variant["InstanceType"]] += count
    yield from counts.items()
