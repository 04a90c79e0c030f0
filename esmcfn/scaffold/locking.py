"""What esmcfn needs on GitHub's runners, pinned by digest: what pip is asked, and what is made of its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

PATH = ".github/actions/esmcfn/dependencies.txt"

PYTHON = "3.13"
"""What the action sets up."""

PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (39, 34, 28, 17)),
    "manylinux2014_x86_64",
    "linux_x86_64",
)
"""Whose wheels run on `ubuntu-24.04`: its glibc is 2.39. https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/"""

BUILDING = ("setuptools", "wheel")
"""What builds esmcfn where it comes as a commit; without them pip would fetch the newest for that, unseen."""

_EXTRA = re.compile(r"extra\s*==\s*['\"]sandbox['\"]")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+-]{0,98}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

_HEAD = """\
# All that esmcfn needs on GitHub's runners (Python {python}, Linux, x86-64), each with the digest of the one file that
# may be installed for it. `esmcfn init --lock` writes it, and anew whenever requirements.txt names another esmcfn.
"""


class UnlockedError(ValueError):
    """Something of the answer has no digest, or is none of pip's."""


def needed(requires: Sequence[str]) -> Iterator[str]:
    """Requirements of esmcfn with its sandbox, and of building it; those of other extras left out."""
    for each in requires:
        requirement, _, marker = each.partition(";")
        if "extra" not in marker:
            yield each
        elif _EXTRA.search(marker):
            yield requirement.strip()
    yield from BUILDING


def asked(requirements: Sequence[str], *, constraints: str, report: str) -> tuple[str, ...]:
    """What pip is asked: what it would install on a runner, without installing anything.

    Args:
        constraints: file of the versions that this installation runs with.
        report: file to write the answer into.
    """
    platforms = tuple(word for platform in PLATFORMS for word in ("--platform", platform))
    target = ("--implementation", "cp", "--python-version", PYTHON, *platforms, "--only-binary", ":all:")
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--dry-run", "--ignore-installed")
    # A folder to install into has to be named with a platform; with --dry-run nothing is written there.
    into = ("--target", f"{report}.nowhere")
    return ("install", *quiet, *target, *into, "--constraint", constraints, "--report", report, *requirements)


def text(report: object) -> str:
    """pip's answer as a file of requirements with digests.

    Raises:
        UnlockedError: it is no such answer, or something in it has no SHA-256.
    """
    installed = report.get("install") if isinstance(report, Mapping) else None
    if not isinstance(installed, list) or not installed:
        raise UnlockedError("pip says nothing of what it would install")
    lines = sorted(_line(each) for each in installed)
    return _HEAD.format(python=PYTHON) + "".join(f"{line}\n" for line in lines)


def _line(item: object) -> str:
    about = item.get("metadata", {}) if isinstance(item, Mapping) else {}
    name, version = str(about.get("name", "")), str(about.get("version", ""))
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise UnlockedError("pip names something without a name or a version")
    archive = item.get("download_info", {}).get("archive_info") or {} if isinstance(item, Mapping) else {}
    digest = str((archive.get("hashes") or {}).get("sha256", ""))
    if not _DIGEST.fullmatch(digest):
        raise UnlockedError(f"the index tells no SHA-256 of {name} {version}")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version} --hash=sha256:{digest}"
