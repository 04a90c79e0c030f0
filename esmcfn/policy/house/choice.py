"""House rules about what an environment may choose: types, registries, tags, and instances within its quota."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase

from esmcfn.domain.finding import Level, Severity
from esmcfn.errors import did_you_mean
from esmcfn.policy.house.container import containers
from esmcfn.policy.house.hosting import most, variants
from esmcfn.policy.house.rule import ENVIRONMENT, WHOLE, Complaint, Rule, Subject, given, known

_ACCOUNT = re.compile(r"(?P<account>\d{12})\.dkr\.ecr[.-]")


def _type_not_allowed(subject: Subject) -> Iterable[Complaint]:
    allowed = subject.policy.allowed_instance_types
    for path, instance_type, count in variants(subject.template):
        if allowed and not instance_type and count != 0:
            said = f"the instance type cannot be read; allowed_instance_types: {', '.join(allowed)}"
            yield Complaint(said, f"{path}/InstanceType")
        elif allowed and instance_type and not any(fnmatchcase(instance_type, glob) for glob in allowed):
            said = f"{instance_type} is not among allowed_instance_types: {', '.join(allowed)}"
            yield Complaint(said, f"{path}/InstanceType")


def _registry_not_allowed(subject: Subject) -> Iterable[Complaint]:
    allowed = subject.policy.allowed_registries
    own = subject.template.stack.target.account
    accounts = {own if each == "own" else each for each in allowed}
    for path, container in containers(subject):
        if not allowed or not given(container.get("Image")):
            continue
        image = known(container.get("Image"), subject.template)
        found = _ACCOUNT.match((image or "").replace("${AWS::AccountId}", own))
        if image is None:
            said = f"the image cannot be read; allowed_registries: {', '.join(allowed)}"
            yield Complaint(said, f"{path}/Image")
        elif image and (found is None or found["account"] not in accounts):
            registry = f"account {found['account']}" if found else "another registry than ECR"
            yield Complaint(
                f"the image comes from {registry}; allowed_registries: {', '.join(allowed)}", f"{path}/Image"
            )


def _tag_missing(subject: Subject) -> Iterable[Complaint]:
    tags = subject.template.stack.tags
    for key in subject.policy.required_tags if subject.first else ():
        if not tags.get(key):
            near = did_you_mean(key, tags)
            yield Complaint(f"the tag {key} is missing{f' ({near})' if near else ''}", f"{ENVIRONMENT}tags")


def _no_headroom(subject: Subject) -> Iterable[Complaint]:
    """All endpoints may be updated at a time: model stacks are deployed side by side."""
    if not subject.first:
        return
    wanted: Counter[str] = Counter()
    unread: set[str] = set()
    for template in subject.others:
        for instance_type, count in most(template):
            wanted[instance_type] += count or 0
            if count is None or (count and not instance_type):
                unread.add(template.stack.name)
    for each in subject.staying:
        wanted[each.instance_type] += each.max_count
        if not each.readable:
            unread.add(each.stack)
    if unread and subject.policy.quotas:
        named = ", ".join(sorted(unread))
        yield Complaint(
            f"how many instances of which type it wants cannot be read ({named}), so no quota is known to hold", WHOLE
        )
    for instance_type, quota in sorted(subject.policy.quotas.items()):
        count = wanted[instance_type]
        if 2 * count > quota:
            said = f"{count} x {instance_type}, and as many again while they are updated, exceed the quota of {quota}"
            yield Complaint(f"{said} (quotas)", WHOLE)


_PRIVATE = f"123456789012.dkr.ecr.us-east-2.amazonaws.com/esm@sha256:{'0a1b2c3d' * 8}"
_FOREIGN = _PRIVATE.replace("123456789012", "999999999999")


def _catalog(image: str) -> str:
    return f"""\
# policies/levels.yaml
allowed_registries: [own]
# catalogs/esm.yaml
models:
  ESMC-300M:
    sagemaker_model_name: Model-ESMC-300M-1
    forge_model_name: esmc-300m-2024-12
    endpoint_name: Endpoint-ESMC-300M-1
    instance_type: ml.g5.2xlarge
    instance_count: 1
    container:
      image: {image}
"""


def _selected(instance_type: str, policy: str) -> str:
    return f"""\
# policies/levels.yaml
{policy}
# environments/dev.yaml
selected_models:
  prototype_model:
    selector: ESMC-300M
    instance_type: {instance_type}
"""


CHOICE_RULES = (
    Rule(
        id="ESM014",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="An instance type is among allowed_instance_types",
        why="A catalog says what a package can run on; what a company wants to pay for and support is less than that.",
        advice="choose one of the allowed types, or have policies/levels.yaml allow this one",
        source="https://docs.aws.amazon.com/wellarchitected/latest/cost-optimization-pillar/select-the-correct-resource-type-size-and-number.html",
        check=_type_not_allowed,
        good=_selected("ml.g5.2xlarge", "allowed_instance_types: [ml.g5.*]"),
        bad=_selected("ml.g6.2xlarge", "allowed_instance_types: [ml.g5.*]"),
        of_root=True,
    ),
    Rule(
        id="ESM015",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="A container's image comes from a registry among allowed_registries",
        why="Whoever owns a registry decides what runs beside your sequences, and may delete what you need to restart.",
        advice="copy the image into a registry that policies/levels.yaml allows, or have it allow this account",
        source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-best-practices.html",
        check=_registry_not_allowed,
        good=_catalog(_PRIVATE),
        bad=_catalog(_FOREIGN),
        of_root=True,
    ),
    Rule(
        id="ESM016",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="An environment has every tag among required_tags",
        why="Costs are told apart by tags, and so is who is to be asked; neither can be done afterwards for what ran.",
        advice="add the tag under tags of the environment",
        source="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
        check=_tag_missing,
        good="# policies/levels.yaml\nrequired_tags: [Project]\n# environments/dev.yaml\ntags:\n  Project: esm\n",
        bad="# policies/levels.yaml\nrequired_tags: [Project]\n# environments/dev.yaml\ntags:\n  Team: esm\n",
        of_root=True,
    ),
    Rule(
        id="ESM017",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="An account's quota has room for every endpoint twice, as a blue/green update needs it",
        why=(
            "SageMaker starts new instances beside the old ones. Where the quota has no room it refuses the update, "
            "and the old configuration goes on serving as if nothing had been deployed."
        ),
        advice="ask for a larger quota, select fewer instances, or correct quotas in policies/levels.yaml",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html",
        check=_no_headroom,
        good=_selected("ml.g5.2xlarge", "quotas: {ml.g5.2xlarge: 2}"),
        bad=_selected("ml.g5.2xlarge", "quotas: {ml.g5.2xlarge: 1}"),
        of_root=True,
    ),
)
