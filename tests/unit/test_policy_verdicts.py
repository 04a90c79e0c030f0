"""What engines said before."""

from __future__ import annotations

import os
from pathlib import Path

from esmcfn.domain.finding import Severity
from esmcfn.policy.remark import Remark
from esmcfn.policy.verdicts import MOST_IN_A_FOLDER, Verdicts, key

REMARK = Remark(rule="W1", severity=Severity.WARNING, logical_id="Topic", path="Topic/Name", message="é", source="")


def test_what_is_stored_is_read(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path)
    verdicts.store("ab12", (REMARK,))
    verdicts.store("ab34", ())
    assert verdicts.read("ab12") == (REMARK,)
    assert verdicts.read("ab34") == ()
    assert verdicts.read("ab56") is None


def test_no_two_questions_share_a_key() -> None:
    assert len({key("a", "bc"), key("ab", "c"), key("abc"), key("a", "b", "c"), key("abc", "")}) == 5


def test_a_verdict_under_another_s_name_is_none(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path)
    verdicts.store("ab12", (REMARK,))
    os.rename(tmp_path / "ab" / "12.json", tmp_path / "ab" / "34.json")
    assert verdicts.read("ab34") is None


def test_the_folder_does_not_grow_for_ever_and_the_newest_stay(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path)
    for number in range(3 * MOST_IN_A_FOLDER):
        verdicts.store(f"ab{number:04}", ())
        os.utime(tmp_path / "ab" / f"{number:04}.json", (number, number))
    assert len(list((tmp_path / "ab").iterdir())) <= MOST_IN_A_FOLDER
    assert verdicts.read(f"ab{3 * MOST_IN_A_FOLDER - 1:04}") == ()
    assert verdicts.read("ab0000") is None
