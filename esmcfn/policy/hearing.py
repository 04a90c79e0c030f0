"""One engine and the templates of a run: what it said before, and what it is being asked now."""

from __future__ import annotations

from collections.abc import Sequence

from esmcfn.domain.template import Template
from esmcfn.policy.engine import Adapter, Installation, Surroundings, read_answer
from esmcfn.policy.process import EngineProcess, Fault
from esmcfn.policy.remark import Remark
from esmcfn.policy.verdicts import Verdicts, key

MISSING = "missing"
"""Stands for the version of an engine that is not there."""

Said = tuple[tuple[Remark, ...], ...]
"""Remarks, a tuple a template, in the templates' order."""


class Hearing:
    """An engine at work on templates; `open` asks, `close` waits."""

    def __init__(
        self,
        adapter: Adapter,
        *,
        version: str,
        keys: tuple[str, ...],
        known: dict[str, tuple[Remark, ...]],
        asked: EngineProcess | Fault | None,
        verdicts: Verdicts,
    ) -> None:
        self.adapter = adapter
        self.version = version
        self._keys = keys
        self._known = known
        self._asked = asked
        self._verdicts = verdicts

    @classmethod
    def open(
        cls,
        adapter: Adapter,
        templates: Sequence[Template],
        *,
        surroundings: Surroundings,
        policy_digest: str,
        verdicts: Verdicts,
        deadline_seconds: float,
    ) -> Hearing:
        """Ask about the templates of which nothing is known; returns at once."""
        found = adapter.find(surroundings)
        if isinstance(found, Fault):
            return cls(adapter, version=MISSING, keys=(), known={}, asked=found, verdicts=verdicts)
        context = (
            adapter.engine.value,
            found.version,
            surroundings.region,
            policy_digest,
            repr(found.question),
        )
        keys = tuple(key(*context, template.text) for template in templates)
        known = {name: said for name in keys if (said := verdicts.read(name)) is not None}
        new = {name: template.text for name, template in zip(keys, templates, strict=True) if name not in known}
        asked = _ask(found, new, deadline_seconds) if new else None
        return cls(adapter, version=found.version, keys=keys, known=known, asked=asked, verdicts=verdicts)

    def close(self) -> Said | Fault:
        """Wait for the answer, remember it, and put it together with what was known."""
        if isinstance(self._asked, EngineProcess):
            answer = self._asked.answer()
            self._asked = answer if isinstance(answer, Fault) else self._learn(answer)
        if isinstance(self._asked, Fault):
            return self._asked
        return tuple(self._known[name] for name in self._keys)

    def cancel(self) -> None:
        """Stop the engine where it still runs."""
        if isinstance(self._asked, EngineProcess):
            self._asked.cancel()
            self._asked = Fault("was stopped")

    def _learn(self, answer: object) -> Fault | None:
        new = {_name(name): name for name in self._keys if name not in self._known}
        said = read_answer(answer, self.version, new)
        if isinstance(said, Fault):
            return said
        for short, remarks in said.items():
            self._known[new[short]] = remarks
            self._verdicts.store(new[short], remarks)
        return None


def _ask(found: Installation, new: dict[str, str], deadline_seconds: float) -> EngineProcess | Fault:
    templates = [{"name": _name(name), "text": text} for name, text in new.items()]
    question = {**found.question, "templates": templates}
    return EngineProcess.start(found.command, question, scratch=found.scratch, deadline_seconds=deadline_seconds)


def _name(verdict_key: str) -> str:
    """A short name, good for a file too; equal templates are one question."""
    return verdict_key[:24]
