"""What a service answers when it does not do what it was asked."""

from __future__ import annotations


class Refusal(Exception):
    """An AWS error: the code, message and HTTP status that a client sees."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Lost(ConnectionError):
    """No answer at all: after some real seconds the connection is closed; at once, it is reset."""

    def __init__(self, seconds: float) -> None:
        super().__init__("the sandbox was asked not to answer")
        self.seconds = seconds


def invalid(message: str) -> Refusal:
    """CloudFormation's (and IAM's) answer to input that cannot be right."""
    return Refusal("ValidationError", message)
