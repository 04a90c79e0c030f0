"""What to do where CloudFormation does not take a template, and no rule knows why."""

from __future__ import annotations

import re
from collections.abc import Sequence

from esmcfn.domain.project import Environment

UNTAKEN = "no rule knows of it: esmcfn build shows the template; leave out what these words name"

_TAKEN = re.compile(r"type '(?P<kind>[\w:]+)' with identifier '(?P<name>[^']*)' already exists")


def way_on(refused: Sequence[str], environment: Environment, *, region: str, deployed: bool) -> str:
    """The next step after a refusal.

    Stacks are of a region, and IAM's names of the whole account: so a role that is there while nothing of the
    environment is deployed here is most likely its own, of a region that its file named before.

    Args:
        refused: CloudFormation's words.
        deployed: some stack of the environment is there in this region.
    """
    taken = [found for said in refused for found in _TAKEN.finditer(said)]
    if not taken:
        return UNTAKEN
    name = environment.name
    global_one = next((each["name"] for each in taken if each["kind"].startswith("AWS::IAM::")), "")
    if global_one and not deployed:
        return (
            f"{global_one} is of the whole account, and nothing of {name} is deployed in {region}: was the region in "
            f"{environment.path} changed? Then {name} still runs, and costs, in the old one: write that region back, "
            f"esmcfn destroy {name}, and deploy again here. Otherwise delete what is there, or take another "
            "iam_role_name_prefix"
        )
    return f"{taken[0]['name']} is there and of no stack of {name}: delete it, or have this one called otherwise"
