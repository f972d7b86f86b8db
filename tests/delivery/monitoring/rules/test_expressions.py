"""Pieces of PromQL; tests/delivery/monitoring/rules/test_model.py has what they compute."""

from __future__ import annotations

import re
from typing import get_args

from delivery.monitoring.rules.expressions import PREDICTS, counted, or_zero
from serving.protocols import protocols_of
from serving.settings.service import ProtocolName, ServingSettings, Start


def test_the_routes_of_predictions_are_those_of_all_protocols_and_no_other() -> None:
    settings = ServingSettings(protocols=get_args(ProtocolName))
    protocols = protocols_of(Start("r-1", settings, vertex_predict="/predict"))
    predicts = {route.path for each in protocols for route in each.predicts}
    others = {route.path for each in protocols for route in (*each.infos, *each.explains)} | {
        "refused",
        "/metrics",
        "/feedback",
    }
    assert len(predicts) > 5
    assert {path for path in predicts if not re.fullmatch(PREDICTS, path)} == set()
    assert {path for path in others - predicts if re.fullmatch(PREDICTS, path)} == set()


def test_a_counter_is_mended_before_it_is_added_up() -> None:
    assert counted("x_total", "a, b", "1d") == "sum by (a, b) (increase(x_total[1d]))"
    assert counted("x_total", "a", "1d", offset="7d").endswith("(increase(x_total[1d] offset 7d))")


def test_what_never_came_is_0() -> None:
    assert or_zero("a", "b") == "(a or 0 * b)"
