"""Inputs are listed with what was measured of them, the widest bar for the largest rise."""

from __future__ import annotations

import pytest

from delivery.report.inputs import SHOWN, InputLine, input_lines


def rise(name: str, candidate: float, reference: float | None = None) -> dict[str, object]:
    return {"input": name, "candidate": candidate, "reference": reference}


def test_nothing_measured_is_no_line() -> None:
    assert input_lines({}) == []
    assert input_lines({"importance": None, "data_drift": {"missing": "no report"}}) == []


def test_widths_are_shares_of_the_largest_rise() -> None:
    lines = input_lines({"importance": {"inputs": [rise("a", 0.5, 2.0), rise("b", -0.1, 1.0)]}})
    assert [line.widths for line in lines] == [(0.25, 1.0), (0.0, 0.5)]


def test_no_rise_has_no_width() -> None:
    (line,) = input_lines({"importance": {"inputs": [rise("a", 0.0)]}})
    assert line.widths == (0.0, 0.0)


def test_what_moved_is_joined_by_name_and_stands_alone_where_it_must() -> None:
    moved = {"inputs": [{"input": "a", "psi": 0.3}, {"input": "c", "psi": 0.1}]}
    both = {"importance": {"inputs": [rise("a", 1.0), rise("b", 0.5)]}, "data_drift": moved}
    assert [(line.name, line.psi) for line in input_lines(both)] == [("a", 0.3), ("b", None)]
    assert [line.name for line in input_lines({"data_drift": moved})] == ["a", "c"]


@pytest.mark.parametrize(("psi", "moved"), [(None, False), (0.2, False), (0.21, True)])
def test_an_input_has_moved_much_above_the_limit(psi: float | None, moved: bool) -> None:
    assert InputLine("a", None, None, psi, (0.0, 0.0)).moved is moved


def test_the_first_are_shown() -> None:
    lines = input_lines({"importance": {"inputs": [rise(str(n), 1.0) for n in range(SHOWN + 1)]}})
    assert [line.name for line in lines] == [str(n) for n in range(SHOWN)]
