"""Windows of a log."""

from __future__ import annotations

import numpy as np

from tests.delivery.monitoring.logged import START, log


def test_a_window_has_its_beginning_and_not_its_end() -> None:
    made = log(10, a_day=24)
    day = made.last(1, ago=2)
    assert len(day) == 24
    assert (day.time[0], day.time[-1]) == (START + 7 * 86_400, START + 8 * 86_400 - 3600)
    assert set(day.inputs) == {"heat", "count", "carrier"}
    assert all(len(values) == 24 for values in day.inputs.values())


def test_missing_is_nan_none_and_an_empty_text() -> None:
    rows = log(1, a_day=4).rows
    rows.inputs["carrier"][:3] = ["", None, "AA"]
    rows.inputs["heat"][0] = np.nan
    assert rows.missing("carrier")[:3].tolist() == [True, True, False]
    assert rows.missing("heat").tolist() == [True, False, False, False]
