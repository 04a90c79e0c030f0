"""Reports as an issue reads them, valid by default."""

from __future__ import annotations

from esmcfn.domain.issue import (
    AuditReport,
    DriftReport,
    SeenCoverage,
    SeenDifference,
    SeenDriftVerdict,
    SeenModel,
    SeenResource,
    SeenSaving,
    SeenStackDrift,
    SeenUnmanaged,
)

RUN = "https://github.example/o/r/actions/runs/1"


def a_drifted(logical_id="Endpoint", state="drifted", **changes):
    seen = (SeenDifference("Tags/Owner", None, "somebody"),) if state == "drifted" else ()
    common = {"resource_type": "AWS::SageMaker::Endpoint", "name": "e", "differences": seen, "next_step": "deploy"}
    return SeenResource(logical_id=logical_id, state=state, **{**common, **changes})


def a_drift(*resources, environment="prod", complete=True, beside=(), as_of="2026-11-21T02:17:00Z", **changes):
    counts = any(each.counts for each in resources)
    return DriftReport(
        environment=environment,
        account="123456789012",
        region="us-east-2",
        as_of=as_of,
        coverage=SeenCoverage(4, 4 if complete else 3, complete),
        stacks=(SeenStackDrift("esm-prod-model", resources),),
        unmanaged=SeenUnmanaged(asked=True, why_not_read=None, endpoints=beside),
        verdict=SeenDriftVerdict(drifted=counts, bad=changes.pop("bad", counts)),
        **changes,
    )


def an_audit(*models, **changes):
    common = {"environment": "prod", "account": "1", "region": "us-east-2", "as_of": "2026", "saving_monthly": None}
    return AuditReport(models=models, **{**common, **changes})


PARK = (SeenSaving("park", "1105.95", "nobody called in 14 days"),)


def a_model(model="esmc", activity="idle", savings=PARK, **rest):
    return SeenModel(model=model, activity=activity, why="no calls", savings=savings, **rest)
