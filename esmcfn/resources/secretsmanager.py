"""Secrets Manager: where the shared service account's access key goes, and the only place where it goes."""

from __future__ import annotations

from troposphere import Sub, secretsmanager

from esmcfn.domain.stack import BaseStack
from esmcfn.resources import Part, Parts, tags


def access_key_secret(stack: BaseStack) -> Parts:
    """The access key as JSON; unnamed, since a deleted secret keeps its name reserved for days.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    """
    if stack.service_account is None:
        return
    secret = secretsmanager.Secret(
        "InvokeSecret",
        Description=f"Access key of {stack.service_account.user_name}",
        SecretString=Sub(
            '{"access_key_id":"${InvokeAccessKey}","secret_access_key":"${InvokeAccessKey.SecretAccessKey}"}'
        ),
        Tags=tags(stack),
    )
    yield Part(resource=secret, lines={"": stack.origins.of("enable_shared_service_account")})
