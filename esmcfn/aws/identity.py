"""STS: who we are to AWS."""

from __future__ import annotations

from esmcfn.aws.session import Clients, translated


class StsIdentity:
    """The port Identity, by STS."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def account(self) -> str:
        with translated("asking who the credentials belong to", operation="GetCallerIdentity"):
            return str(self._clients.of("sts").get_caller_identity()["Account"])
