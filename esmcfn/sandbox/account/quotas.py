"""Service Quotas for SageMaker endpoints: the same numbers that hosting enforces."""

from __future__ import annotations

import hashlib

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.sagemaker.fleet import TOTAL, instance_type_enum
from esmcfn.sandbox.services import Services
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

TOTAL_CODE = "L-7A3DF611"


class Quotas:
    """The quota operations; AWS's codes of the single instance types are made up, the names are AWS's."""

    def __init__(self, world: Services) -> None:
        self.world = world

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "ListServices": self.services,
            "ListServiceQuotas": self.list_quotas,
            "ListAWSDefaultServiceQuotas": self.list_quotas,
            "GetServiceQuota": self.get,
            "GetAWSDefaultServiceQuota": self.get,
        }

    def services(self, call: Call) -> Json:
        """ListServices."""
        some, token = self.world.page(call, [{"ServiceCode": "sagemaker", "ServiceName": "Amazon SageMaker"}])
        return {"Services": some, "NextToken": token}

    def list_quotas(self, call: Call) -> Json:
        """ListServiceQuotas: pages of a hundred."""
        code = call.parameters.get("QuotaCode")
        some, token = self.world.page(call, [quota for quota in self._all(call) if code in (None, quota["QuotaCode"])])
        return {"Quotas": some, "NextToken": token}

    def get(self, call: Call) -> Json:
        """GetServiceQuota."""
        for quota in self._all(call):
            if quota["QuotaCode"] == call.parameters["QuotaCode"]:
                return {"Quota": quota}
        raise Refusal("NoSuchResourceException", "The specified quota does not exist.")

    def _all(self, call: Call) -> list[dict[str, object]]:
        if call.parameters["ServiceCode"] != "sagemaker":
            raise Refusal("NoSuchResourceException", "The sandbox knows the quotas of sagemaker only.")
        hosting = self.world.sagemaker
        found = [(f"{kind} for endpoint usage", float(hosting.limit(kind))) for kind in sorted(instance_type_enum())]
        return [_quota(call.region, name, value) for name, value in [(TOTAL, float(hosting.total)), *found]]


def _quota(region: str, name: str, value: float) -> dict[str, object]:
    code = TOTAL_CODE if name == TOTAL else f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"arn:aws:servicequotas:{region}:{ACCOUNT}:sagemaker/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
