"""One engine and the templates of a run: what it said before, and what it is being asked now.

Several environments share one question: an engine takes a second to start and a hundredth for another template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from esmcfn.domain.template import Template
from esmcfn.policy.engine import Adapter, Installation, Surroundings, read_answer
from esmcfn.policy.process import EngineProcess, Fault
from esmcfn.policy.remark import Remark
from esmcfn.policy.verdicts import Verdicts, key

MISSING = "missing"
"""Stands for the version of an engine that is not there."""

Said = tuple[tuple[Remark, ...], ...]
"""Remarks, a tuple a template, in the templates' order."""


class Prepared(Struct, frozen=True, kw_only=True):
    """What is to be asked.

    Attributes:
        keys: of the verdicts, in the templates' order.
        known: what was said before, by key.
        new: texts of which nothing is known, by key.
    """

    adapter: Adapter
    found: Installation
    keys: tuple[str, ...]
    known: Mapping[str, tuple[Remark, ...]]
    new: Mapping[str, str]

    @property
    def question(self) -> tuple[str, ...]:
        """What is asked of whom, and how; templates of equal questions are asked about together."""
        return (self.adapter.engine.value, *self.found.command, repr(self.found.question))


def prepare(
    adapter: Adapter,
    templates: Sequence[Template],
    *,
    surroundings: Surroundings,
    policy_digest: str,
    verdicts: Verdicts,
) -> Prepared | Fault:
    """Find the engine, and what it said before."""
    found = adapter.find(surroundings)
    if isinstance(found, Fault):
        return found
    context = (adapter.engine.value, found.version, surroundings.region, policy_digest, repr(found.question))
    keys = tuple(key(*context, template.text) for template in templates)
    known = {name: said for name in keys if (said := verdicts.read(name)) is not None}
    new = {name: template.text for name, template in zip(keys, templates, strict=True) if name not in known}
    return Prepared(adapter=adapter, found=found, keys=keys, known=known, new=new)


class Asking:
    """A question that is being answered; whoever asks again gets the same answer."""

    def __init__(self, found: Installation, new: Mapping[str, str], deadline_seconds: float) -> None:
        templates = [{"name": _name(name), "text": text} for name, text in new.items()]
        question = {**found.question, "templates": templates}
        self.names = frozenset(new)
        self._process: EngineProcess | None = None
        self._answer: object | Fault | None = None
        started = EngineProcess.start(found.command, question, scratch=found.scratch, deadline_seconds=deadline_seconds)
        if isinstance(started, Fault):
            self._answer = started
        else:
            self._process = started

    def answer(self) -> object | Fault:
        """Wait for it."""
        if self._process:
            self._answer, self._process = self._process.answer(), None
        return self._answer

    def cancel(self) -> None:
        """Stop the engine where it still runs."""
        if self._process:
            self._process.cancel()
            self._answer, self._process = Fault("was stopped"), None


class Hearing:
    """An engine at work on templates; `open` asks, `close` waits."""

    def __init__(
        self, adapter: Adapter, prepared: Prepared | Fault, *, asking: Asking | None, shared: bool, verdicts: Verdicts
    ) -> None:
        self.adapter = adapter
        self.version = MISSING if isinstance(prepared, Fault) else prepared.found.version
        self._prepared = prepared
        self._known = {} if isinstance(prepared, Fault) else dict(prepared.known)
        self._asking = asking
        self._shared = shared
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
        elsewhere: Mapping[tuple[str, ...], Asking] | None = None,
    ) -> Hearing:
        """Ask about the templates of which nothing is known; returns at once.

        Args:
            elsewhere: questions that are being answered already, by what is asked; one about these templates will do.
        """
        prepared = prepare(
            adapter, templates, surroundings=surroundings, policy_digest=policy_digest, verdicts=verdicts
        )
        if isinstance(prepared, Fault) or not prepared.new:
            return cls(adapter, prepared, asking=None, shared=False, verdicts=verdicts)
        shared = (elsewhere or {}).get(prepared.question)
        if shared and shared.names.issuperset(prepared.new):
            return cls(adapter, prepared, asking=shared, shared=True, verdicts=verdicts)
        asking = Asking(prepared.found, prepared.new, deadline_seconds)
        return cls(adapter, prepared, asking=asking, shared=False, verdicts=verdicts)

    def close(self) -> Said | Fault:
        """Wait for the answer, remember it, and put it together with what was known."""
        if isinstance(self._prepared, Fault):
            return self._prepared
        answer = self._asking.answer() if self._asking else None
        if isinstance(answer, Fault):
            return answer
        fault = self._learn(answer, self._prepared) if self._asking else None
        return fault or tuple(self._known[name] for name in self._prepared.keys)

    def cancel(self) -> None:
        """Stop the engine where it still runs, for us alone."""
        if self._asking and not self._shared:
            self._asking.cancel()

    def _learn(self, answer: object, prepared: Prepared) -> Fault | None:
        new = {_name(name): name for name in prepared.keys if name not in self._known}
        said = read_answer(answer, self.version, new)
        if isinstance(said, Fault):
            return said
        for short, remarks in said.items():
            self._known[new[short]] = remarks
            self._verdicts.store(new[short], remarks)
        return None


def _name(verdict_key: str) -> str:
    """A short name, good for a file too; equal templates are one question."""
    return verdict_key[:24]
