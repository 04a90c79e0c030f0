"""One case a resource type: what it is made of, what an update changes, what a hand may break."""

from __future__ import annotations

from .case import OTHER_TAGS, TAGS, Case
from .types_access import ACCESS
from .types_hosting import HOSTING
from .types_keeping import KEEPING

CASES = (*ACCESS, *HOSTING, *KEEPING)

NESTED = Case(
    type="AWS::CloudFormation::Stack",
    create={
        "TemplateURL": "https://s3.us-east-2.amazonaws.com/templates/child.json",
        "Parameters": {"Word": "one"},
        "Tags": TAGS,
        "NotificationARNs": ["arn:aws:sns:us-east-2:123456789012:one"],
    },
    update={
        "TemplateURL": "https://s3.us-east-2.amazonaws.com/templates/other.json",
        "Parameters": {"Word": "two"},
        "Tags": OTHER_TAGS,
        "NotificationARNs": ["arn:aws:sns:us-east-2:123456789012:two"],
    },
)
"""A nested stack: its templates must lie in a bucket, and it is read back as a stack, so it has tests of its own."""

__all__ = ["CASES", "NESTED", "Case"]
