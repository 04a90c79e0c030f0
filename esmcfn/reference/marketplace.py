"""Whose account a Marketplace model package lives in: AWS Marketplace keeps one account a region.

A package bought on AWS Marketplace has the ARN
`arn:aws:sagemaker:{region}:{ACCOUNTS[region]}:model-package/{name}-{32 hex digits}`, with the same name in
every region where its seller publishes it. AWS does not publish the accounts; these were read from the region
maps that several independent sellers publish with their listings, and those maps agree with each other. Two
other public snippets disagree about us-east-1, and private offers or packages of one's own live elsewhere, so
a foreign account deserves a warning and no more. The ARN that AWS Marketplace shows to the subscriber counts.
"""

from __future__ import annotations

from collections.abc import Mapping

ACCOUNTS: Mapping[str, str] = {
    "ap-east-1": "822005858737",
    "ap-northeast-1": "977537786026",
    "ap-northeast-2": "745090734665",
    "ap-south-1": "077584701553",
    "ap-southeast-1": "192199979996",
    "ap-southeast-2": "666831318237",
    "ca-central-1": "470592106596",
    "eu-central-1": "446921602837",
    "eu-north-1": "136758871317",
    "eu-west-1": "985815980388",
    "eu-west-2": "856760150666",
    "eu-west-3": "843114510376",
    "sa-east-1": "270155090741",
    "us-east-1": "865070037744",
    "us-east-2": "057799348421",
    "us-west-1": "382657785993",
    "us-west-2": "594846645681",
}
"""Region to the 12 digits of AWS Marketplace's account there. A region that is absent is unknown."""


def transferred(package_arn: str, region: str) -> str | None:
    """Return the ARN that the same package should have in another region, None where the account is unknown.

    Unverified: the seller may not publish there. DescribeModelPackage tells.
    """
    arn, partition, service, source, owner, package = (*package_arn.split(":", 5), *[""] * 5)[:6]
    account = ACCOUNTS.get(region)
    if account is None or not package or ACCOUNTS.get(source) != owner:
        return None
    return ":".join((arn, partition, service, region, account, package))
