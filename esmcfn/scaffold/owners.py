""".github/CODEOWNERS: whom GitHub asks about the files that decide."""

from __future__ import annotations

import re
from collections.abc import Sequence

PATH = ".github/CODEOWNERS"

OWNER = re.compile(
    r"@[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}(?:/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)?"
    r"|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"
)
"""@person, @organization/team or a mail address.
https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""

_GUARDED = (
    ("/.github/", "what the AWS roles trust, and which esmcfn is installed; this file, too"),
    ("/policies/", "levels, limits, waivers, prices, checks"),
    ("/catalogs/", "which images and packages may run"),
)

_HEAD = """\
# Whom GitHub asks to approve changes of the files that decide. It asks nobody until the rules of `main` say
# "Require review from Code Owners"; whoever is named needs write access, or the line counts for nothing.
"""

_TO_FILL = """\
#
# TO FILL: write your team in place of @OWNER/TEAM and take the # away (`esmcfn init --owner @OWNER/TEAM` does).
"""


def text(owners: Sequence[str]) -> str:
    """The file; without owners its lines are commented out, and it says what to fill."""
    named = " ".join(owners) or "@OWNER/TEAM"
    lines = [f"\n# {why}\n{'' if owners else '# '}{path:<12} {named}\n" for path, why in _GUARDED]
    return _HEAD + ("" if owners else _TO_FILL) + "".join(lines)
