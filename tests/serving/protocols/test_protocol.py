"""A protocol owns the paths below its home, and replies are JSON with a score's own digits."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from serving.protocols import protocols_of
from serving.protocols.protocol import always, reply
from serving.settings.service import ProtocolName, ServingSettings, Start

EVERY = ServingSettings(protocols=get_args(ProtocolName))


def started(settings: ServingSettings) -> Start:
    return Start("r-1", settings, None, "/aip/predict", "/aip/health")


@pytest.mark.parametrize(
    ("path", "owned"),
    [("/v2", True), ("/v2/models/m", True), ("/v20", False), ("/", False), ("/v1/models", False)],
)
def test_a_home_covers_the_paths_below_it(path: str, owned: bool) -> None:
    [v2] = [each for each in protocols_of(started(EVERY)) if each.home == ("/v2",)]
    assert v2.owns(path) is owned


@pytest.mark.parametrize("name", get_args(ProtocolName))
def test_an_instance_speaks_what_its_settings_name(name: Any) -> None:
    names = ("native",) if name == "native" else ("native", name)
    assert len(protocols_of(started(ServingSettings(protocols=names)))) == len(names)


def test_every_route_of_a_protocol_is_in_its_home_or_a_probe() -> None:
    """Else an error of the route would have another shape than its answer."""
    for protocol in protocols_of(started(EVERY)):
        for route in (*protocol.predicts, *protocol.explains):
            assert protocol.owns(route.path), route.path


def test_scores_have_the_shortest_digits_of_float32() -> None:
    assert reply({"s": np.array([0.1, 1 / 3], np.float32)}).body == b'{"s":[0.1,0.33333334]}'


def test_a_fixed_answer_is_made_once() -> None:
    answer = always({"alive": True})
    predictor: Any = None
    assert answer(predictor) is answer(predictor)
