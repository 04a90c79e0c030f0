"""ChangeSet -> Plan: what each change is, and what it means for a caller. Pure.

compare      built template against the deployed one: every difference, with its line of YAML
reconcile    CloudFormation's own opinion against ours: nothing missing, nothing extra unexplained
impact       what a change does to whoever calls the endpoint
headroom     whether the account's quotas hold old and new side by side
refused      the way on where CloudFormation does not take a template
recovery     the way out of every status in which a stack is stuck
staleness    the stacks of a plan that was reviewed against what they would be now
derived      what a reviewer was shown besides: cost, findings, quotas, outputs, verdict
scaled       an instance type that changes behind autoscaling
renamed      a key that went and one like it that came: how its endpoint would stay
lent         what a role of somebody's own has to be allowed
budget       the verdict of policy and budget
assemble     the whole plan, bound to digests, with its verdict
"""

from __future__ import annotations

from esmcfn.plan.assemble import assemble, protected, removed, stack_plan, unchanged
from esmcfn.plan.budget import policy_verdict, verdict
from esmcfn.plan.compare import compare, removal
from esmcfn.plan.derived import otherwise
from esmcfn.plan.headroom import deleted_first, headroom
from esmcfn.plan.lent import roles_noted
from esmcfn.plan.reconcile import reconcile
from esmcfn.plan.recovery import NO_WAY, WAYS_OUT, consequence
from esmcfn.plan.refused import way_on
from esmcfn.plan.renamed import renaming_noted
from esmcfn.plan.scaled import SCALING, unscaled_first
from esmcfn.plan.staleness import differences

__all__ = [
    "NO_WAY",
    "SCALING",
    "WAYS_OUT",
    "assemble",
    "compare",
    "consequence",
    "deleted_first",
    "differences",
    "headroom",
    "otherwise",
    "policy_verdict",
    "protected",
    "reconcile",
    "removal",
    "removed",
    "renaming_noted",
    "roles_noted",
    "stack_plan",
    "unchanged",
    "unscaled_first",
    "verdict",
    "way_on",
]
