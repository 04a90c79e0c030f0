"""The Price List API: hosting instances of SageMaker as far as they were seeded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from esmcfn.sandbox.account.seeds import Price
from esmcfn.sandbox.pages import page
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

SERVICE = "AmazonSageMaker"
ATTRIBUTES = ("instanceType", "regionCode", "component", "productFamily", "usagetype")


class Prices:
    """The pricing operations; without a seed there is no product."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "DescribeServices": self.services,
            "GetAttributeValues": self.values,
            "GetProducts": self.products,
        }

    def services(self, call: Call) -> Json:
        """DescribeServices."""
        self._check(call.parameters.get("ServiceCode", SERVICE))
        return {"Services": [{"ServiceCode": SERVICE, "AttributeNames": list(ATTRIBUTES)}], "FormatVersion": "aws_v1"}

    def values(self, call: Call) -> Json:
        """GetAttributeValues."""
        self._check(call.parameters["ServiceCode"])
        name = call.parameters["AttributeName"]
        found = {_attributes(price).get(name, "") for price in self.world.seeds.told.prices}
        return {"AttributeValues": [{"Value": value} for value in sorted(found) if value]}

    def products(self, call: Call) -> Json:
        """GetProducts: filters of type TERM_MATCH."""
        self._check(call.parameters["ServiceCode"])
        filters = call.parameters.get("Filters", ())
        for item in filters:
            if item["Type"] != "TERM_MATCH":
                raise Refusal("InvalidParameterException", f"The sandbox does not support the filter {item['Type']}")
        found = [
            _product(price)
            for price in self.world.seeds.told.prices
            if all(_attributes(price).get(item["Field"]) == item["Value"] for item in filters)
        ]
        size = int(call.parameters.get("MaxResults", self.world.page_size(call)))
        some, token = page(found, call.parameters.get("NextToken"), size)
        return {"FormatVersion": "aws_v1", "PriceList": some, "NextToken": token}

    def _check(self, service: str) -> None:
        if service != SERVICE:
            raise Refusal("NotFoundException", f"The sandbox knows prices of {SERVICE} only.")


def _attributes(price: Price) -> dict[str, str]:
    return {
        "instanceType": f"{price.instance_type}-Hosting",
        "instanceName": price.instance_type,
        "regionCode": price.region,
        "component": "Hosting",
        "productFamily": "ML Instance",
        "usagetype": f"Host:{price.instance_type}",
        "servicecode": SERVICE,
    }


def _product(price: Price) -> str:
    dimension = {"unit": "Hrs", "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": price.usd_per_hour}}
    sku = f"{price.region}-{price.instance_type}"
    term = {"sku": sku, "priceDimensions": {f"{sku}.1": dimension}, "termAttributes": {}}
    return json.dumps(
        {
            "serviceCode": SERVICE,
            "product": {"sku": sku, "productFamily": "ML Instance", "attributes": _attributes(price)},
            "terms": {"OnDemand": {f"{sku}.0": term}},
        }
    )
