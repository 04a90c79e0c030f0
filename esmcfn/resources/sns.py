"""SNS: the topic that alarms go to, and the key that it is encrypted with.

CloudWatch publishes to no topic that is encrypted with AWS's own key, since nobody can let it use that one; so the
topic has a key of its own. A topic keeps nothing, and so the key may go with it.
https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
"""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import Output, Ref, Sub, kms, sns

from esmcfn.domain.address import fingerprint
from esmcfn.domain.stack import BaseStack
from esmcfn.resources import Part, Parts, arn, tags

PENDING_DAYS = 7
"""Days for which KMS keeps a key that is deleted; the least that it takes.

https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
"""

_VERSION = "2012-10-17"
_OURS = {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}}


def alarm_topic(stack: BaseStack) -> Parts:
    """Key, topic, who may publish, and who is told."""
    topic = stack.alarm_topic
    if topic is None:
        return
    asked = stack.origins.of("alarm_topic")
    key = kms.Key(
        "AlarmKey",
        Description=f"Alarms of {stack.environment}",
        EnableKeyRotation=True,
        KeyPolicy=_key_policy(),
        PendingWindowInDays=PENDING_DAYS,
        Tags=tags(stack),
    )
    yield Part(resource=key, lines={"": asked})
    resource = sns.Topic("AlarmTopic", TopicName=topic.name, KmsMasterKeyId=Ref(key), Tags=tags(stack))
    yield Part(resource=resource, name=topic.name, lines={"": asked})
    policy = sns.TopicPolicy("AlarmTopicPolicy", Topics=[Ref(resource)], PolicyDocument=_topic_policy(topic.name))
    yield Part(resource=policy, lines={"": asked})
    for number, email in enumerate(topic.emails):
        # Named by the address: who is added or taken off moves nobody else.
        title = f"AlarmEmail{fingerprint(email)}"
        subscription = sns.SubscriptionResource(title, TopicArn=Ref(resource), Protocol="email", Endpoint=email)
        line = stack.origins.keys.get(f"alarm_topic.emails.{number}") or stack.origins.of("alarm_topic.emails")
        yield Part(resource=subscription, lines={"": line})


def outputs(stack: BaseStack) -> Mapping[str, Output]:
    """The topic, for whoever wants to be told besides."""
    return {"AlarmTopicArn": Output("AlarmTopicArn", Value=Ref("AlarmTopic"))} if stack.alarm_topic else {}


def _key_policy() -> dict[str, object]:
    """The account rules its key by IAM, and CloudWatch may use it for this account's alarms."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "AccountByIam",
                "Effect": "Allow",
                "Principal": {"AWS": Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": _OURS,
            },
        ],
    }


def _topic_policy(name: str) -> dict[str, object]:
    """Alarms of this account and region publish; nobody else, but by IAM."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": arn("sns", name),
                "Condition": {**_OURS, "ArnLike": {"aws:SourceArn": arn("cloudwatch", "alarm:*")}},
            }
        ],
    }
