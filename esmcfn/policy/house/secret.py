"""What secrets look like: a form that their maker gave them, or a name that says so beside them. Pure."""

from __future__ import annotations

import re

_FORMS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    ("an AWS access key", ("AKIA", "ASIA"), re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Z0-9])")),
    (
        "a token of GitHub",
        ("ghp_", "gho_", "ghr_", "ghs_", "ghu_", "github_pat_"),
        re.compile(r"\b(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})"),
    ),
    ("a token of Hugging Face", ("hf_",), re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("a token of GitLab", ("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a key of NVIDIA", ("nvapi-",), re.compile(r"\bnvapi-[A-Za-z0-9_-]{20,}")),
    (
        "a key of a model's API",
        ("sk-",),
        re.compile(r"\bsk-(?:(?:admin|ant|or|proj|svcacct)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,})"),
    ),
    ("a key of Google", ("AIza",), re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("a key of Stripe", ("k_live_", "k_test_"), re.compile(r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("a key of SendGrid", ("SG.",), re.compile(r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{30,}")),
    ("a key of Twilio", ("SK",), re.compile(r"\bSK[0-9a-f]{32}\b")),
    (
        "a token of a package registry",
        ("npm_", "pypi-"),
        re.compile(r"\b(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{20,})"),
    ),
    ("a token of Slack", ("xox",), re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    (
        "a webhook of Slack",
        ("hooks.slack",),
        re.compile(r"\bhooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/]{20,}"),
    ),
    ("a private key", ("-----BEGIN",), re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----")),
    ("a signed token", ("eyJ",), re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.")),
    (
        "a signed address",
        ("sig=", "X-Amz-Signature="),
        re.compile(r"[?&](?:sig=[A-Za-z0-9%+/]{30,}|X-Amz-Signature=[0-9a-f]{64})"),
    ),
    ("an address with a password in it", ("://",), re.compile(r"(?i:\b[a-z][a-z0-9+.-]*)://[^/\s:@]*:[^/\s@]+@")),
    (
        # Whoever reports errors to Sentry has an address of this kind, which is meant to be read.
        "an address with a token in it",
        ("://",),
        re.compile(r"(?i:\b[a-z][a-z0-9+.-]*)://(?=[^/\s@]*[0-9])[A-Za-z0-9_.~-]{20,}@(?![^/\s]*sentry)"),
    ),
)
"""What secrets look like whose makers gave them a form; a password of somebody's own has none.

With what stands in each of them: to look for that first is ten times as fast.
"""

_SIGNED_IN = re.compile(
    r"\s*(?:Authorization:\s*)?(?:Basic|Bearer)\s+(?=\S*[0-9=])[A-Za-z0-9._~+/-]{16,}=*\s*", re.IGNORECASE
)

_SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_CLASSES = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))
_MOST_SLASHES = 4
"""A path of 40 characters has more of them; of two thousand keys, one has."""

_SAID = re.compile(
    r"(?<![A-Za-z0-9_.-])(?P<name>[A-Za-z0-9_.-]+)[\"']?\s{0,9}[=:]"
    r"(?=\s{0,9}[\"']?(?P<value>[^\s\"',;&]{6,200}))"
)
"""Looks ahead only: one value may hold another (https://host/?api_key=...)."""
_OPTION = re.compile(r"--(?P<name>[A-Za-z][A-Za-z0-9_-]*) +[\"']?(?P<value>[^\s\"'-][^\s\"']{5,})")
_NAMES = (
    *("password", "passwd", "passphrase", "pwd", "secret"),
    *("accesskey", "accountkey", "apikey", "privatekey", "secretkey"),
    *("accesstoken", "apitoken", "authtoken", "hftoken", "refreshtoken", "sessiontoken"),
)
"""Ends of names that are given to nothing else; a "key" or a "token" alone may be of a table or of a tokenizer."""
_ELSEWHERE = re.compile(r"[$<{*%\[/.]|(?:arn|env|file|s3|secretsmanager|ssm|vault):|os\.environ|x{3}", re.IGNORECASE)
"""Says where a secret is, or stands for one that is put in later."""
_PROSE = frozenset(
    {
        "default",
        "disabled",
        "enabled",
        "hidden",
        "ignored",
        "optional",
        "prompt",
        "redacted",
        "required",
        "string",
        "unused",
    }
)


def form(value: str) -> str:
    """Whose form a part of this text has, in words; empty where it has none."""
    for what, marks, pattern in _FORMS:
        if any(mark in value for mark in marks) and pattern.search(value):
            return what
    return ""


def looks_like(value: str) -> str:
    """What a value looks like, in words; empty where it looks harmless."""
    if found := form(value):
        return found
    if _SIGNED_IN.fullmatch(value):
        return "what somebody signs in with"
    for pattern in (_SAID, _OPTION):
        for said in pattern.finditer(value):
            name = re.sub("[^a-z0-9]", "", said["name"].lower())
            if name.endswith(_NAMES) and not _harmless(said["value"]):
                return "a setting with a password or a key in it"
    # 40 characters are a digest as well, but a digest is written in one case.
    keys = [key for key in _SECRET_KEY.findall(value) if key.count("/") <= _MOST_SLASHES]
    return "an AWS secret key" if any(all(each.search(key) for each in _CLASSES) for key in keys) else ""


def _harmless(value: str) -> bool:
    return bool(_ELSEWHERE.match(value)) or value.lower().strip(".)") in _PROSE
