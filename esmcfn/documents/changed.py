"""Which environments differ as built, as a JSON document that a workflow makes its matrices of."""

from __future__ import annotations

from esmcfn.domain.changed import Changed, Difference
from esmcfn.domain.project import SANDBOX

Document = dict[str, object]


def changed(changed: Changed) -> Document:
    """`esmcfn.changed/v1`."""
    reachable = [each for each in changed.differences if each.account not in {None, SANDBOX}]
    return {
        "schema": "esmcfn.changed/v1",
        "base": changed.base,
        "commit": changed.commit or None,
        "environment": [each.environment for each in changed.differences],
        "vanished": list(changed.vanished),
        "aws": [
            {"environment": each.environment, "account": each.account, "region": each.region} for each in reachable
        ],
        "sandbox": [{"environment": each.environment} for each in changed.differences if each not in reachable],
        "unchanged": list(changed.unchanged),
        "environments": [_difference(each) for each in changed.differences],
    }


def _difference(difference: Difference) -> Document:
    return {
        "environment": difference.environment,
        "change": difference.how.value,
        "account": difference.account,
        "region": difference.region,
        "stacks": [{"name": name, "change": how.value} for name, how in difference.stacks.items()],
        "why": difference.why or None,
    }
