"""The Price List API: hosting instances of SageMaker as far as they were seeded."""

from __future__ import annotations

import json

from esmcfn.sandbox.account.seeds import Price
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.services import Services
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

SERVICE = "AmazonSageMaker"
FORMAT = "aws_v1"
ATTRIBUTES = ("instanceType", "regionCode", "component", "productFamily", "usagetype")


class Prices:
    """The pricing operations; without a seed there is no product."""

    def __init__(self, world: Services) -> None:
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
        self._check(call)
        some, token = self.world.page(call, [{"ServiceCode": SERVICE, "AttributeNames": list(ATTRIBUTES)}])
        return {"Services": some, "FormatVersion": FORMAT, "NextToken": token}

    def values(self, call: Call) -> Json:
        """GetAttributeValues."""
        self._check(call)
        name = call.parameters["AttributeName"]
        found = {_attributes(price).get(name, "") for price in self.world.seeds.told.prices}
        some, token = self.world.page(call, [{"Value": value} for value in sorted(found) if value])
        return {"AttributeValues": some, "NextToken": token}

    def products(self, call: Call) -> Json:
        """GetProducts: filters of type TERM_MATCH."""
        self._check(call)
        filters = call.parameters.get("Filters", ())
        for item in filters:
            if item["Type"] != "TERM_MATCH":
                raise Refusal("InvalidParameterException", f"The sandbox does not support the filter {item['Type']}")
        found = [
            _product(price)
            for price in self.world.seeds.told.prices
            if all(_attributes(price).get(item["Field"]) == item["Value"] for item in filters)
        ]
        some, token = self.world.page(call, found)
        return {"FormatVersion": FORMAT, "PriceList": some, "NextToken": token}

    def _check(self, call: Call) -> None:
        if call.parameters.get("ServiceCode", SERVICE) != SERVICE:
            raise Refusal("NotFoundException", f"The sandbox knows prices of {SERVICE} only.")
        if call.parameters.get("FormatVersion", FORMAT) != FORMAT:
            raise Refusal("InvalidParameterException", f"The only FormatVersion is {FORMAT}.")


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
