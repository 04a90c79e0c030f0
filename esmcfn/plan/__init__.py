"""ChangeSet -> Plan: what each change is, and what it means for a caller. Pure.

compare      built template against the deployed one: every difference, with its line of YAML
reconcile    CloudFormation's own opinion against ours: nothing missing, nothing extra unexplained
impact       what a change does to whoever calls the endpoint
assemble     the whole plan, bound to digests, with its verdict
"""

from __future__ import annotations

from esmcfn.plan.assemble import assemble, policy_verdict, protected, removed, stack_plan, unchanged, verdict
from esmcfn.plan.compare import compare, removal
from esmcfn.plan.reconcile import reconcile

__all__ = [
    "assemble",
    "compare",
    "policy_verdict",
    "protected",
    "reconcile",
    "removal",
    "removed",
    "stack_plan",
    "unchanged",
    "verdict",
]
