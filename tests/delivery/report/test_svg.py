"""Plots: round numbers on the axes, data where it belongs, text escaped."""

from __future__ import annotations

import re
from typing import Any

import pytest

from delivery.report.svg import (
    Frame,
    calibration,
    clusters,
    histogram,
    interval,
    lines,
    number,
    roc,
    ticks,
)


def test_axes_have_round_numbers() -> None:
    assert ticks((0, 1)) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert [number(value) for value in ticks((-0.03, 0.03))] == ["−0.02", "0", "0.02"]
    assert number(1_234_567) == "1,234,567"


def test_the_corners_of_the_data_are_the_corners_of_the_plot() -> None:
    frame = Frame((0, 10), (-1, 1))
    assert (frame.px(0), frame.px(10)) == (56, 408)
    assert (frame.py(-1), frame.py(1)) == (250, 10)


SIDES = {"candidate": [[0, 0], [0.5, 0.9], [1, 1]], "reference": [[0, 0], [1, 1]]}


def test_the_candidate_is_drawn_on_top() -> None:
    drawn = str(roc(SIDES))
    assert drawn.index('class="line reference"') < drawn.index('class="line candidate"')
    assert '<polyline class="line candidate" points="56.0,250.0 232.0,34.0 408.0,10.0"/>' in drawn


def test_calibration_of_one_value_only_is_drawn() -> None:
    point = [{"predicted": 3.0, "observed": 3.0}]
    drawn = str(calibration({"candidate": point, "reference": point}))
    assert drawn.count("<circle") == 2
    assert "nan" not in drawn


def test_a_histogram_of_nothing_divides_by_nothing() -> None:
    empty = {"edges": [0.0, 0.5, 1.0], "candidate": [0, 0], "reference": [0, 0]}
    assert str(histogram(empty, "score")).count("<rect") == 2


def test_a_cluster_is_coloured_by_who_is_better_and_its_name_is_escaped() -> None:
    points = [{"cluster": "<b>", "difference": -0.5}, {"cluster": "c", "difference": 0.25}]
    drawn = str(clusters(points, "day"))
    assert re.findall(r'class="fill (\w+)"', drawn) == ["better", "worse"]
    assert "&lt;b&gt;: -0.5000" in drawn
    assert "<b>" not in drawn


@pytest.mark.parametrize(
    ("found", "side"),
    [
        ({"harmed": True, "segment": "c", "lower": -1.0, "upper": 1.0}, "worse"),
        ({"harmed": False, "segment": "", "lower": 0.1, "upper": 1.0}, "worse"),
        ({"harmed": False, "segment": "c", "lower": 0.1, "upper": 1.0}, "neutral"),
        ({"harmed": False, "segment": "c", "lower": -1.0, "upper": -0.1}, "better"),
        ({"harmed": False, "segment": "c", "lower": None, "upper": None}, "neutral"),
    ],
)
def test_an_interval_is_red_for_proven_harm_alone(found: dict[str, Any], side: str) -> None:
    drawn = str(interval({**found, "difference": 0.0, "margin": None}, (-1.0, 1.0)))
    assert f'class="point {side}"' in drawn
    assert ('class="bar' in drawn) is (found["lower"] is not None)


def test_what_is_off_the_scale_stays_in_its_box() -> None:
    found = {"harmed": False, "segment": "c", "lower": -9.0, "upper": 9.0, "difference": 0.0}
    assert 'x1="0" x2="300"' in str(interval(found, (-1.0, 1.0))).replace(".0", "")


def test_lines_have_limits_and_leave_out_what_is_empty() -> None:
    drawn = str(lines("t", [("reference", ()), ("candidate", [(0, 1), (10, 3)])], ("x", "y"), (2,)))
    assert 'class="line reference"' not in drawn
    assert drawn.count("<polyline") == 1
    assert drawn.count('class="line limit"') == 1


def test_one_point_is_a_plot_too() -> None:
    assert "<polyline" in str(lines("t", [("candidate", [(5, 0)])], ("x", "y")))
