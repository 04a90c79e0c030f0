"""What the two engines have in common: where one is, how it is asked, and how its answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from esmcfn.domain.finding import Engine, Level, Severity
from esmcfn.policy.process import Fault
from esmcfn.policy.remark import Remark, from_plain

RUNNERS = Path(__file__).parent
"""Where the scripts stand that an engine's own interpreter runs."""


class Surroundings(Struct, frozen=True, kw_only=True):
    """What an engine may need to know besides the templates.

    Attributes:
        tools: folder of the tools' environments, None for the usual place.
        checks: folder of the root's own checkov checks, None where there is none.
        informational: cfn-lint's I rules that the policy names.
        levels: every rule that the policy names.
    """

    region: str
    tools: Path | None = None
    checks: Path | None = None
    informational: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    def levels_of(self, form: str) -> dict[str, str]:
        """The part of a question that names the levels of an engine's own rules, by what their ids look like."""
        own = [rule for rule in self.levels if re.fullmatch(form, rule)]
        return {"levels": ",".join(own)} if own else {}


class Installation(Struct, frozen=True, kw_only=True):
    """An engine that is there.

    Attributes:
        command: runs our script on it.
        question: what it is asked besides the templates; part of a verdict's key.
        scratch: folder where the engine's libraries keep what they work out once, None for nowhere.
    """

    version: str
    command: tuple[str, ...]
    question: Mapping[str, str]
    scratch: Path | None = None


class Adapter(Struct, frozen=True, kw_only=True):
    """One engine.

    Attributes:
        fault_rule: id of the finding that says that the engine did not speak.
        mend: the command that installs it anew.
        by_hand: what to do about one that is installed and fails.
        level: what a remark is worth where policy does not say.
    """

    engine: Engine
    fault_rule: str
    mend: str
    by_hand: str
    find: Callable[[Surroundings], Installation | Fault]
    level: Callable[[Severity], Level]


def by_hand(command: str) -> str:
    """What to do about an engine that is installed and fails."""
    return f"run it by hand, and report it if it answers there: esmcfn build ENVIRONMENT --out built && {command}"


def read_answer(answer: object, version: str, names: Iterable[str]) -> Mapping[str, tuple[Remark, ...]] | Fault:
    """What an engine said about each template; it counts if it is about every one, by the version we know."""
    if not isinstance(answer, dict) or not isinstance(answer.get("templates"), dict):
        return Fault("answered with something else than remarks")
    if answer.get("version") != version:
        reason = f"says that it is version {answer.get('version')}, and {version} is installed"
        return Fault(reason, uninstalled=True)
    said = answer["templates"]
    missing = [name for name in names if name not in said]
    if missing:
        return Fault(f"said nothing about {', '.join(missing)}")
    try:
        return {name: from_plain(said[name]) for name in names}
    except ValueError as error:
        return Fault(f"answered with something else than remarks: {error}")


def installed_version(site_packages: Path, distribution: str) -> str | None:
    """Read a version off the name of its .dist-info folder: importlib.metadata takes 30 times as long."""
    import os

    beginning = f"{distribution}-"
    try:
        with os.scandir(site_packages) as entries:
            for entry in entries:
                if entry.name.startswith(beginning) and entry.name.endswith(".dist-info"):
                    return entry.name.removeprefix(beginning).removesuffix(".dist-info")
    except OSError:
        return None
    return None
