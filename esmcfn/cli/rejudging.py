"""`esmcfn check --base`: the policies of a commit, composed for the verb that asks them, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.project import Policy
    from esmcfn.domain.template import Template
    from esmcfn.policy import Judgement
    from esmcfn.verbs.plan.rejudging import Then


@contextmanager
def asked(run: Run, base: str) -> Iterator[Then | None]:
    """What `--base` names, as long as it is needed; None where nobody named anything.

    Raises:
        UsageError: no git, no repository, or no such commit.
    """
    if not base:
        yield None
        return
    from esmcfn import inputs
    from esmcfn.inputs import history
    from esmcfn.inputs.authors import authors
    from esmcfn.verbs.plan.rejudging import Then

    commit = history.commit_of(run.root, base)
    with TemporaryDirectory(prefix="esmcfn-") as name:
        folder = Path(name)
        history.written(run.root, commit, folder)

        def begin(
            templates: Sequence[Template], *, policy: Policy, region: str, beside: Sequence[Template]
        ) -> Judgement:
            return _begun(run, folder, templates, policy=policy, region=region, beside=beside, commit=commit)

        yield Then(
            base=base,
            commit=commit,
            policy=lambda environment: inputs.in_force(folder, environment),
            begin=begin,
            authors=authors(run.root, commit=commit),
        )


def _begun(
    run: Run,
    folder: Path,
    templates: Sequence[Template],
    *,
    policy: Policy,
    region: str,
    beside: Sequence[Template],
    commit: str,
) -> Judgement:
    from esmcfn import inputs
    from esmcfn.cli.compose import cache_folder
    from esmcfn.inputs.authors import authors
    from esmcfn.inputs.policy import CHECKS
    from esmcfn.policy import begin

    # Where all that engines judge by is as it was, they are asked as for today, so that the answer is known.
    same = policy.digest == _digest(run.root)
    return begin(
        templates,
        policy=policy,
        region=region,
        cache=cache_folder(),
        checks=(run.root if same else folder) / CHECKS,
        today=run.now.date(),
        lines=inputs.lines(run.root),
        authors=authors(run.root, commit=commit),
        beside=beside,
    )


def _digest(root: Path) -> str:
    from esmcfn.inputs.memory import Memory
    from esmcfn.inputs.policy import policy

    return policy(root, [], Memory(None)).digest
