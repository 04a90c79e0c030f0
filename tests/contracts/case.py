"""A resource type under contract: what it is made of, what an update changes, what a hand may break."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": "*"}],
}
OTHER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sagemaker:DescribeEndpoint", "Resource": "*"}],
}
TAGS = [{"Key": "own", "Value": "1"}]
OTHER_TAGS = [{"Key": "own", "Value": "2"}, {"Key": "more", "Value": "x"}]
USER = {"Type": "AWS::IAM::User", "Properties": {"UserName": "shared"}}
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}

OTHER_KEY_POLICY = json.loads(json.dumps(KEY_POLICY).replace("kms:*", "kms:Describe*"))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A resource type under contract.

    Attributes:
        create: properties at first; update: those that an update sets anew, None for one that it takes away.
        also: whole sets of properties that exclude those of `create`, each created and read back too.
        then: what an update makes of each of `also`.
        fixed: other values of properties that the service refuses to change.
        stays: properties that the others need, or in whose absence the service keeps what it has.
        replaced: other values of properties that cannot change in place: a change set says so.
        around: other resources that the template needs.
        change: (property, value) that a hand changes; None where nothing can be changed or read.
        shared: it cannot be deleted by hand alone, since others hold it.
    """

    type: str
    create: dict[str, Any]
    update: dict[str, Any] = field(default_factory=dict)
    also: tuple[dict[str, Any], ...] = ()
    then: tuple[dict[str, Any], ...] = ()
    fixed: dict[str, Any] = field(default_factory=dict)
    stays: frozenset[str] = frozenset()
    replaced: dict[str, Any] = field(default_factory=dict)
    around: dict[str, Any] = field(default_factory=dict)
    change: tuple[str, Any] | None = None
    deletable: bool = True

    @property
    def tested(self) -> set[str]:
        """The properties that are created and read back somewhere."""
        return {name for part in (self.create, self.update, *self.also) for name in part}

    @property
    def changed(self) -> set[str]:
        """The properties that are changed in place somewhere."""
        return {name for part in (self.update, *self.then) for name in part}

    def template(self, *parts: dict[str, Any]) -> dict[str, Any]:
        """Return a template with the resource `It`, later parts over earlier ones."""
        return self.of(self.create, *parts)

    def of(self, *parts: dict[str, Any]) -> dict[str, Any]:
        """Return a template with the resource `It` and nothing of `create`."""
        properties: dict[str, Any] = {}
        for part in parts:
            properties |= part
        given = {name: value for name, value in properties.items() if value is not None}
        return {"Resources": {**self.around, "It": {"Type": self.type, "Properties": given}}}
