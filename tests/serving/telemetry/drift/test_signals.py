"""Somebody who tries the model out is seen, and honest clients hardly."""

from __future__ import annotations

import numpy as np
import pytest

from serving.telemetry.drift.signals import CLIENTS, Signals
from tests.serving.telemetry.counted import ROW, Counted
from tests.serving.tiny import tiny_frame, tiny_instances


def test_a_search_for_the_threshold_is_seen(counted: Counted) -> None:
    """Bisection along one input: neighbours, half of them across the threshold."""
    low, high, crossings, above = 0.0, 10_000.0, 0, None
    for _ in range(12):
        middle = (low + high) / 2
        score = float(counted.ask([ROW | {"distance": middle}], "prober").score[0])
        low, high = (low, middle) if score >= 0.5 else (middle, high)
        crossings += above is not None and above != (score >= 0.5)
        above = score >= 0.5
    counted.counters.count()
    assert counted.signal("neighbour") == 11
    assert counted.signal("boundary") == crossings > 2


def test_rows_of_others_between_do_not_hide_it(counted: Counted) -> None:
    for step in range(6):
        counted.ask([ROW | {"distance": 500.0 + step}], "prober")
        counted.ask(tiny_instances(tiny_frame(1, seed=step)), "honest")
        if step % 2:
            counted.counters.count()
    counted.counters.count()
    assert 5 <= counted.signal("neighbour") <= 6


@pytest.mark.parametrize(("changed", "neighbours"), [(0, 0), (1, 1), (2, 1), (3, 0)])
def test_neighbours_differ_in_one_or_two_inputs(
    counted: Counted, changed: int, neighbours: int
) -> None:
    """The same row again is a retry."""
    other = {"distance": 1.0, "hour": 3, "carrier": "AA"}
    counted.ask([ROW], "prober")
    counted.ask([ROW | dict(list(other.items())[:changed])], "prober")
    counted.counters.count()
    assert counted.signal("neighbour") == neighbours


def test_two_missing_values_are_equal(counted: Counted) -> None:
    counted.ask([ROW | {"wind": None}, ROW | {"wind": None, "hour": 1}], "prober")
    counted.counters.count()
    assert counted.signal("neighbour") == 1


def test_memory_is_bounded() -> None:
    signals = Signals("bounded", 0.5)
    for number in range(CLIENTS + 50):
        signals.look(np.zeros((5, 1)), np.zeros(1), [(str(number), 1)])
    assert len(signals._last) == CLIENTS
