"""A cell holds anything on one line and lets nothing out."""

from __future__ import annotations

import pytest

from delivery.report.cells import cell
from tests.delivery.report.tables import HOSTILE, plain, rows


@pytest.mark.parametrize("text", HOSTILE)
def test_a_table_has_the_text_and_one_cell_more_beside_it(text: str) -> None:
    assert rows(f"| a | b |\n|---|---|\n| {cell(text)} | x |", "a") == [[plain(text), "x"]]


@pytest.mark.parametrize("sign", "\\|`<>[]*_~$&!#@")
def test_every_sign_of_markup_is_taken_away(sign: str) -> None:
    assert cell(f"a{sign}b") == f"a\\{sign}b"


def test_nothing_is_shown_as_a_dash_and_zero_is_no_nothing() -> None:
    assert [cell(value) for value in (None, 0, "", False)] == ["–", "0", "", "False"]


@pytest.mark.parametrize(("length", "shown"), [(80, "x" * 80), (81, "x" * 79 + "…")])
def test_a_long_value_is_cut_at_eighty(length: int, shown: str) -> None:
    assert cell("x" * length) == shown
