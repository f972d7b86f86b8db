"""The body of a retrain pull request: right numbers, and nothing that leaves its cell."""

from __future__ import annotations

import json
import re

import pytest

from delivery.retraining.body import difference
from tests.delivery.report.tables import HOSTILE, plain, rows

NONE = ("", "")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"loss": 0.5}, {"loss": 0.25}, ["loss", "0.5", "0.25", "-0.25"]),
        ({"loss": 0.25}, {"loss": 0.5}, ["loss", "0.25", "0.5", "+0.25"]),
        ({"loss": 1}, {"loss": 1}, ["loss", "1", "1", "+0"]),
        ({}, {"loss": 0.25}, ["loss", "–", "0.25", ""]),
        ({"loss": 0.25}, {}, ["loss", "0.25", "–", ""]),
        ({"loss": "n/a"}, {"loss": 0.25}, ["loss", "–", "0.25", ""]),
        ({"loss": 0.25}, {"loss": None}, ["loss", "0.25", "–", ""]),
        ({"loss": float("nan")}, {"loss": 0.25}, ["loss", "nan", "0.25", "+nan"]),
        ({"loss": 0.25}, {"loss": float("nan")}, ["loss", "0.25", "nan", "+nan"]),
        ({"loss": 0.25}, {"loss": float("inf")}, ["loss", "0.25", "inf", "+inf"]),
        ({"a": {"b": 1}}, {"a": {"b": 3}}, ["a.b", "1", "3", "+2"]),
    ],
)  # fmt: skip
def test_each_metric_is_shown_beside_what_it_was(
    before: dict[str, object], after: dict[str, object], expected: list[str]
) -> None:
    found = rows(difference((before, after), NONE), "metric")
    assert [[cell.replace("-nan", "+nan") for cell in row] for row in found] == [expected]


def test_what_is_no_number_on_either_side_is_no_metric() -> None:
    text = difference(({"name": "x", "ok": True}, {"name": "y", "ok": False}), NONE)
    assert rows(text, "metric") == []


def test_parameters_that_changed_came_or_went_are_shown() -> None:
    old = "data: {until: 2013-06}\ntrain: {depth: 3, rate: 0.1}\n"
    new = "data: {until: 2013-07}\ntrain: {depth: 3, leaves_max: 9}\n"
    assert rows(difference(({}, {}), (old, new)), "parameter") == [
        ["data.until", "2013-06", "2013-07"],
        ["train.leaves_max", "–", "9"],
        ["train.rate", "0.1", "–"],
    ]


def test_no_parameter_changed_is_said() -> None:
    assert "No parameter changed" in difference(({}, {}), ("a: 1\n", "a:  1\n"))


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_leaves_its_cell(text: str) -> None:
    old, new = json.dumps({"k": "old"}), json.dumps({"k": text, text: 1})
    found = difference(({text: 1.0}, {text: 2.0}), (old, new)).partition("\n\n")[2]
    assert rows(found, "metric") == [[plain(text), "1", "2", "+1"]]
    shown = {tuple(row) for row in rows(found, "parameter")}
    assert shown == {("k", "old", plain(text)), (plain(text), "–", "1")}
    assert not re.search(r"(?<!\\)[<`\[&]", found), "markup that is not ours"
    assert "\r" not in found
    assert "\n#" not in found


def test_a_long_value_is_cut() -> None:
    ((_, _, shown),) = rows(difference(({}, {}), ("", f"k: {'x' * 500}\n")), "parameter")
    assert len(shown) == 80
    assert shown.endswith("…")
