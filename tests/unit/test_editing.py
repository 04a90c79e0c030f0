"""`parked` is written into a person's file, and every other character stays."""

from __future__ import annotations

import pytest

from esmcfn.errors import UsageError
from esmcfn.inputs.editing import with_parked

FILE = """\
# the team's sandbox
environment: dev   # must equal the file's name
selected_models:
  small:
    # for everybody
    selector: ESMC-300M
    instance_type: ml.g5.2xlarge  # enough

  # for the wet lab
  large:
    selector: ESMC-600M
tags: {Team: "a # b"}
"""


def edited(text, *keys, parked=True):
    return with_parked(text, keys, parked=parked, path="environments/dev.yaml")


class TestParking:
    def test_one_line_is_added_below_the_model_and_nothing_else_changes(self):
        assert edited(FILE, "small") == FILE.replace("# enough\n", "# enough\n    parked: true\n")

    def test_several_models_at_once(self):
        assert edited(FILE, "small", "large").count("parked: true") == 2

    def test_parking_twice_is_parking_once(self):
        assert edited(edited(FILE, "small"), "small") == edited(FILE, "small")

    def test_resuming_takes_the_line_away_again(self):
        assert edited(edited(FILE, "small", "large"), "small", "large", parked=False) == FILE

    def test_a_line_with_a_comment_keeps_it(self):
        text = FILE.replace("selector: ESMC-600M", "selector: ESMC-600M\n    parked: true  # until June")
        assert edited(text, "large", parked=False) == text.replace("parked: true", "parked: false")

    def test_resuming_what_runs_changes_nothing(self):
        assert edited(FILE, "small", parked=False) == FILE

    def test_false_becomes_true_where_it_stands(self):
        text = FILE.replace("selector: ESMC-600M", "parked: false\n    selector: ESMC-600M")
        assert edited(text, "large") == text.replace("parked: false", "parked: true")

    def test_flow_style_stays_flow_style(self):
        text = "selected_models: {small: {selector: ESMC-300M}}\n"
        assert edited(text, "small") == "selected_models: {small: {parked: true, selector: ESMC-300M}}\n"

    def test_flow_style_comes_back_as_it_was(self):
        text = "selected_models: {small: {selector: ESMC-300M}}\n"
        assert edited(edited(text, "small"), "small", parked=False) == text

    def test_a_byte_order_mark_stays(self):
        assert edited("\ufeff" + FILE, "small") == "\ufeff" + edited(FILE, "small")

    def test_a_file_without_a_last_newline(self):
        text = "selected_models:\n  small:\n    selector: X"
        assert edited(text, "small") == "selected_models:\n  small:\n    selector: X\n    parked: true\n"

    def test_the_files_own_line_ends_stay(self):
        text = FILE.replace("\n", "\r\n")
        assert edited(text, "small").replace("\r\n", "") == edited(FILE, "small").replace("\n", "")

    @pytest.mark.parametrize(
        "text",
        [
            "selected_models:\n  small: &x\n    selector: X\n  large: *x\n",
            "x: &x {selector: X}\nselected_models:\n  small: *x\n",
            "selected_models:\n  large: &x\n    selector: X\n  small: *x\n",
        ],
    )
    def test_what_cannot_be_edited_alone_is_refused_with_what_to_write(self, text):
        with pytest.raises(UsageError) as caught:
            edited(text, "small")
        assert "parked: true" in caught.value.next_step

    @pytest.mark.parametrize("text", ["", "a: [", "selected_models: {}\n", "selected_models:\n  small:\n"])
    def test_a_file_without_the_model_is_refused(self, text):
        with pytest.raises(UsageError):
            edited(text, "small")
