"""What runs against what it is used for, as a JSON document."""

from __future__ import annotations

from esmcfn.documents import drifting
from esmcfn.documents.figures import money
from esmcfn.documents.living import Document, time
from esmcfn.domain.audit import Audit, AuditedModel, Bill, Month, Saving, VariantUse


def audit(audit: Audit) -> Document:
    """The report without its estimate, which is rendered as every estimate is."""
    return {
        "environment": audit.environment,
        "account": audit.account,
        "region": audit.region,
        "as_of": time(audit.as_of),
        "window": {"start": time(audit.window.start), "days": audit.window.days},
        "models": [_model(model) for model in audit.models],
        "bill": _bill(audit.bill) if audit.bill else None,
        "why_no_bill": audit.why_no_bill or None,
        "months": [_month(month) for month in audit.months],
        "saving_monthly": money(audit.saving_monthly),
        "patch": {
            "text": audit.patch.text or None,
            "models": list(audit.patch.models),
            "why_not": audit.patch.why_not or None,
        },
        "drift": drifting.drift(audit.drift) if audit.drift else None,
        "why_no_drift": audit.why_no_drift or None,
        "notes": list(audit.notes),
    }


def _model(model: AuditedModel) -> Document:
    return {
        "model": model.model,
        "endpoint_name": model.endpoint_name or None,
        "selected": model.selected,
        "activity": model.activity.value,
        "why": model.why,
        "calls": model.calls,
        "instances": list(model.instances),
        "expected_monthly": money(model.expected_monthly),
        "deployed_instances": list(model.deployed or model.instances),
        "deployed_monthly": money(model.deployed_monthly if model.deployed else model.expected_monthly),
        "variants": [_variant(variant) for variant in model.variants],
        "savings": [_saving(saving) for saving in model.savings],
    }


def _variant(use: VariantUse) -> Document:
    return {
        "name": use.name,
        "calls": use.calls,
        "calls_by_day": list(use.calls_by_day),
        "reported_days": use.reported_days,
        "latency_ms": _rounded(use.latency_ms),
        "gpu_percent": _rounded(use.gpu_percent),
        "gpu_memory_percent": _rounded(use.gpu_memory_percent),
        "memory_percent": _rounded(use.memory_percent),
    }


def _saving(saving: Saving) -> Document:
    return {"remedy": saving.remedy.value, "monthly": money(saving.monthly), "how": saving.how}


def _bill(bill: Bill) -> Document:
    return {
        "start": bill.start.isoformat(),
        "end": bill.end.isoformat(),
        "requests": bill.requests,
        "price_usd": money(bill.price_usd),
        "complete": bill.complete,
        "untagged_usd": money(bill.untagged_usd),
        "charges": [
            {
                "month": charge.month.isoformat(),
                "model": charge.model or None,
                "usage_type": charge.usage_type,
                "usd": money(charge.usd),
            }
            for charge in bill.charges
        ],
    }


def _month(month: Month) -> Document:
    return {
        "month": month.start.isoformat(),
        "days": month.days,
        "of_days": month.of_days,
        "model": month.model or None,
        "actual": money(month.actual),
        "estimate": money(month.estimate),
        "difference": money(month.difference),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
