"""What an hour of hosting costs, by the Price List API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from esmcfn.aws.session import Clients, translated
from esmcfn.domain.cost import Price
from esmcfn.errors import CloudError


class AwsPriceList:
    """The port PriceList, by GetProducts."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def price(self, region: str, instance_type: str, *, today: date) -> Price:
        # instanceName, not instanceType: that one has endings of its own, and finds other components.
        wanted = {"component": "Hosting", "instanceName": instance_type, "regionCode": region}
        with translated(f"asking the price list for {instance_type} in {region}", operation="GetProducts"):
            pages = self._clients.of("pricing").get_paginator("get_products")
            filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
            found = [
                product
                for page in pages.paginate(ServiceCode="AmazonSageMaker", Filters=filters)
                for product in page["PriceList"]
            ]
        products = [json.loads(product, parse_float=Decimal) for product in found]
        what = f"the price list on hosting {instance_type} in {region}"
        if len(products) != 1:
            skus = ", ".join(str(product["product"].get("sku")) for product in products) or "none"
            raise _unclear(f"{what}: one product was expected, {len(products)} were found ({skus})")
        (product,) = products
        hours = sorted(set(_hours(product)))
        if len(hours) != 1:
            said = ", ".join(map(str, hours)) or "none"
            raise _unclear(f"{what}: one price in US dollars an hour was expected, {len(hours)} were found ({said})")
        usage_type = product["product"]["attributes"].get("usagetype", "")
        return Price(
            region=region,
            instance_type=instance_type,
            usd_per_hour=hours[0],
            source=f"AWS Price List API, AmazonSageMaker, component Hosting, usagetype {usage_type}",
            as_of=today,
        )


def _hours(product: Mapping[str, Any]) -> Iterator[Decimal]:
    """US dollars of every dimension of every on-demand term that is counted in hours."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if dimension.get("unit") == "Hrs" and "USD" in dimension["pricePerUnit"]:
                try:
                    usd = Decimal(dimension["pricePerUnit"]["USD"])
                except InvalidOperation:
                    continue
                yield usd


def _unclear(message: str) -> CloudError:
    return CloudError(
        message,
        operation="GetProducts",
        next_step="nothing was written; look the type up in the AWS Price List, or write its price into "
        "policies/prices.yaml yourself, with its source",
    )
