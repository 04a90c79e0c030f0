"""What a terminal would obey instead of showing it: refused in every text, and written out in every message."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, PACKAGE, a_root

from esmcfn import inputs
from esmcfn.errors import InputError, Problem

ESCAPES = [r"\e", r"\a", r"\0", r"\x9b", r"\r", r"\n", r"\t", r"\N", r"\L", r"\P", r"\x7f"]
TURNS = [rf"\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF)]
IMAGE = "123456789012.dkr.ecr.us-east-2.amazonaws.com/esm:1"


def problems(root: Path) -> tuple[Problem, ...]:
    try:
        return inputs.load(root, "dev").problems
    except InputError as error:
        return error.problems


def raw(found: tuple[Problem, ...]) -> str:
    """Every text of every problem as it is, without what Problem itself would write out."""
    return "".join(f"{problem.file}{problem.message}{problem.suggestion}" for problem in found)


def told(found: tuple[Problem, ...]) -> list[str]:
    assert raw(found).isprintable()
    return [f"{problem.line}:{problem.column}: {problem.message}" for problem in found]


@pytest.mark.parametrize("escape", ESCAPES + TURNS)
def test_a_tag_holds_no_such_character(tmp_path: Path, escape: str) -> None:
    environment = ENVIRONMENT_TEXT.replace("esm-partner", f'"x{escape}EVIL"')

    (complaint,) = told(problems(a_root(tmp_path, environment=environment)))

    assert complaint.startswith("7:3: tags.Project: may not hold the character '\\")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            f'model_package: "{PACKAGE}"',
            f'container: {{image: "{IMAGE}", environment: {{A: "x\\e]0;x\\aEVIL"}}}}',
            "6:92: ESMC-300M.container.environment.A: may not hold the character '\\x1b'",
        ),
        (
            f'model_package: "{PACKAGE}"',
            f'container: {{image: "{IMAGE}", environment: {{"A\\e": b}}}}',
            "6:92: the key 'A\\x1b' may not hold the character '\\x1b'",
        ),
        (
            "instance_count: 1",
            'instance_count: 1\n    description: "a\\eb"',
            "9:5: ESMC-300M.description: may not hold the character '\\x1b'",
        ),
        (
            "instance_count: 1",
            "instance_count: 1\n    description: |\n      one\n      two",
            "9:5: ESMC-300M.description: may not hold the character '\\n'",
        ),
        (
            "instance_count: 1",
            'instance_count: 1\n    supported_instance_types: [ml.g5.xlarge, "ml.g5.xlarge\\e"]',
            "9:46: ESMC-300M.supported_instance_types: may not hold the character '\\x1b'",
        ),
        (
            f'"{PACKAGE}"',
            f'{{"\\e[2J": "{PACKAGE}"}}',
            "6:21: the key '\\x1b[2J' may not hold the character '\\x1b'",
        ),
    ],
)
def test_no_text_of_a_catalog_holds_one(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in CATALOG_TEXT

    assert complaint in told(problems(a_root(tmp_path, catalog=CATALOG_TEXT.replace(old, new))))


@pytest.mark.parametrize(
    "text",
    [
        '"unknown\\e[31m": 1',
        '"twice\\e[31m": 1\n"twice\\e[31m": 2',
        '"twice\\u200b": 1\n"twice\\u200b": 2',
        '"unknown\\u200b": 1',
        'tags: {"a\\e": b}',
        'tags: {"a\\e": b, "a\\e": c}',
        'selected_models: {"a\\e": {selector: b}}',
        'selected_models: {m: {selector: "a\\e"}}',
        'catalog: "../\\e.yaml"',
        'catalog: "../../\\u200b.yaml"',
        'catalog: "\\u200b.yaml"',
        'catalog: "/\\u200b.yaml"',
        'environment: "a\\u200b"',
        "a: !x%1bm b",
        "a: !x%e2%80%ae b",
        "b: \u202e x",
        "# \u202e hidden",
    ],
)
def test_a_message_shows_it_written_out(tmp_path: Path, text: str) -> None:
    found = problems(a_root(tmp_path, environment=f"{text}\n"))

    assert told(found)
    assert any("\\" in problem.message for problem in found)


def test_an_environment_that_nobody_wrote_is_named_written_out(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        inputs.load(a_root(tmp_path, files={"environments/x\x1b.yaml": "a: 1\n"}), "nowhere\x1b]0;x\x07")

    assert raw(refused.value.problems).isprintable()
    assert refused.value.problems[0].message == "there is no environment 'nowhere\\x1b]0;x\\x07'"


@pytest.mark.parametrize("name", ["n" * 5000, "n\0", "\ud800", "n/" * 3000, ""])
def test_a_name_that_no_file_can_have_is_no_environment(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as refused:
        inputs.load(a_root(tmp_path), name)

    (problem,) = refused.value.problems
    assert problem.message.startswith("there is no environment ")
    assert len(problem.message) < 120
    assert str(problem).isprintable()


LETTERS = [
    "für Ähren — 蛋白质 🧬",
    "\u26a0\ufe0f, 1\ufe0f\u20e3 and \U0001f469\u200d\U0001f52c",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u845b\U000e0100\u57ce",
]


@pytest.mark.parametrize("text", LETTERS)
def test_letters_of_every_language_are_fine(tmp_path: Path, text: str) -> None:
    catalog = CATALOG_TEXT + f'    description: "{text}"\n'

    assert problems(a_root(tmp_path, catalog=catalog)) == ()


UNSEEN = [
    *("\xad", "\u034f", "\u115f", "\u1160", "\u180e", "\u200b", "\u200c", "\u200d", "\u2060", "\u2800", "\u3164"),
    *("\ufe0f", "\uffa0", "\U000e0041", "\U000e0100"),
]


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
@pytest.mark.parametrize("escaped", [False, True])
def test_what_shows_nothing_stands_in_no_text(tmp_path: Path, unseen: str, escaped: bool) -> None:
    written = f"\\U{ord(unseen):08x}" if escaped else unseen
    environment = ENVIRONMENT_TEXT.replace("esm-partner", f'"b{written}ob"')

    (found,) = problems(a_root(tmp_path, environment=environment))

    assert found.message == f"tags.Project: may not hold the character {unseen!a}"
    assert found.suggestion == "it shows nothing: write the text anew"


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_what_shows_nothing_is_written_out_where_a_message_repeats_it(tmp_path: Path, unseen: str) -> None:
    (found,) = problems(a_root(tmp_path, environment=f'{ENVIRONMENT_TEXT}"ta{unseen}gs": 1\n'))

    assert found.message.isascii()
    assert "\\" in found.message


def test_a_comment_may_hold_what_it_likes(tmp_path: Path) -> None:
    assert problems(a_root(tmp_path, environment=f"# soft\xadly, see\u200b\n{ENVIRONMENT_TEXT}")) == ()
