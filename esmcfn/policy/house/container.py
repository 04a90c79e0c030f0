"""House rules about containers of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, mapping, text

_MODEL = "AWS::SageMaker::Model"
_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRETS = frozenset(
    {
        *("CREDENTIAL", "CREDENTIALS", "KEY", "PASSCODE", "PASSCODES", "PASSPHRASE", "PASSPHRASES", "PASSWD"),
        *("PASSWORD", "PASSWORDS", "SECRET", "TOKEN"),
    }
)
_JOINED = re.compile(
    r".*(?:ACCESSKEY|APIKEY|PASSWD|PASSWORD|PRIVATEKEY|SECRETKEY)S?"
    r"|.+(?:SECRET|TOKEN|PWD)"
    r"|(?:ACCESS|API|AUTH|GH|HF)TOKENS"
    r"|(?:ADMIN|DB|FTP|LDAP|MAIL|MY|MYSQL|PG|PROXY|REDIS|ROOT|SMTP|SQL|SSH|USER)PASS"
)
"""Words that are written as one: PGPASSWORD, HFTOKEN, DBPASS; not BYPASS, and not MAXTOKENS."""
_LAST = frozenset({"BEARER", "CRED", "CREDS", "JWT", "PASS", "PWD", "SECRETS"})
"""Where no other word follows: DB_PASS, and not PASS_THROUGH or JWT_ISSUER."""
_SEVERAL = re.compile(
    r"(?:^|.*_)(?:ACCESS|API|ENCRYPTION|MASTER|PRIVATE|SECRET|SIGNING|SSH)_KEYS|TOKENS"
    r"|(?:^|.*_)(?:ACCESS|API|AUTH|BEARER|GH|GITHUB|GITLAB|HF|REFRESH|SESSION|SLACK|USER)_TOKENS"
)
"""Of which there may be several: API_KEYS and HF_TOKENS; not SORT_KEYS, MAX_TOKENS or TOKENS_PER_BATCH."""
_WORKING_FOLDER = ("PWD", "OLD_PWD", "OLDPWD")
_VOCABULARY = re.compile(
    r"(?:^|_)(?:BOS|CLS|END|EOS|MASK|MAX|MIN|NUM|PAD|PER|SEP|SPECIAL|START|STOP|UNK)_?TOKEN(?=_|$)|(?:^|_)TOKEN(?=_IDS?(?:_|$))"
)
"""What a tokenizer calls a token, which nobody signs in with: PAD_TOKEN_ID."""


def _image_by_tag(subject: Subject) -> Iterable[Complaint]:
    for path, container in containers(subject):
        image = text(container.get("Image"))
        if image and "@sha256:" not in image:
            yield Complaint(f"{image} may be another image tomorrow", f"{path}/Image")


def _secret_in_environment(subject: Subject) -> Iterable[Complaint]:
    """By the name alone: a value would have to be shown to be judged."""
    for path, container in containers(subject):
        for name in mapping(container.get("Environment")):
            if reads_like_a_secret(name):
                said = f"{name} reads like a secret, and everybody who may describe the model sees its value"
                yield Complaint(said, f"{path}/Environment/{name}")


def reads_like_a_secret(name: str) -> bool:
    """By one of its words: HF_TOKEN, ApiToken, db-password, PGPASSWORD; not MAX_TOKENS, not PAD_TOKEN."""
    words = _VOCABULARY.sub("", "_".join(_WORD.findall(name)).upper()).split("_")
    joined = "_".join(words)
    if joined in _WORKING_FOLDER:
        return False
    if words[-1] in _LAST or _SEVERAL.fullmatch(joined):
        return True
    return any(word in _SECRETS or _JOINED.fullmatch(word) for word in words)


def containers(subject: Subject) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Path and definition of every container of every model."""
    for logical_id, properties in subject.resources(_MODEL):
        primary = properties.get("PrimaryContainer")
        if primary is not None:
            yield f"{logical_id}/PrimaryContainer", mapping(primary)
        for index, container in enumerate(items(properties.get("Containers"))):
            yield f"{logical_id}/Containers/{index}", mapping(container)


def a_model(image: str, variable: str) -> str:
    """A Model with a container of one's own, for examples."""
    return f"""\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/esm-sagemaker-exec-dev
    EnableNetworkIsolation: true
    PrimaryContainer:
      Image: 123456789012.dkr.ecr.us-east-2.amazonaws.com/{image}
      Environment:
        {variable}
"""


BY_DIGEST = f"esm@sha256:{'0a1b2c3d' * 8}"
_HARMLESS = "MAX_TOKENS: 2048"

CONTAINER_RULES = (
    Rule(
        id="ESM012",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="A container's image is named by digest",
        why="A tag can be moved: what was reviewed is then not what a new instance pulls.",
        advice="name the image by digest, ...@sha256:..., as the registry shows it",
        source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
        check=_image_by_tag,
        good=a_model(BY_DIGEST, _HARMLESS),
        bad=a_model("esm:latest", _HARMLESS),
    ),
    Rule(
        id="ESM013",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="No environment variable of a container is named like a secret",
        why=(
            "Variables stand in clear in the catalog, the template and the model, and secrets appear in none of them. "
            "A name may deceive (CACHE_KEY), so a person may sign for it."
        ),
        advice="let the container read it from Secrets Manager, or rename it where it is none",
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html",
        check=_secret_in_environment,
        good=a_model(BY_DIGEST, _HARMLESS),
        bad=a_model(BY_DIGEST, "HF_TOKEN: hf_0123456789"),
    ),
)
