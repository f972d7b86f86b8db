"""Each scenario in a compressed form; `make rollouts` plays the whole one."""

from __future__ import annotations

import pytest

from tests.origin import Origin
from tests.rollouts.scenario import Scenario, Size, play
from tests.rollouts.scenarios import scenarios

SMALL = Size(
    "{ canary: { header: X-User, ceiling_s: 6, exposed: 10, warm_up: 5,"
    " errors: { margin: 0.1, floor: 150, breakdown: 20 },"
    " latency: { p95: 2.0, p99: 4.0, floor: 500 } } }",
    users=300,
    per_second=200,
    budget=240,
)


@pytest.mark.e2e
@pytest.mark.parametrize("scenario", scenarios(slow=5, fails=0.8), ids=lambda made: made.name)
def test_it_ends_as_it_should(scenario: Scenario, origin: Origin) -> None:
    result = play(scenario, SMALL, origin)
    assert result.state in scenario.ends, result
    if result.state in ("verified", "rejected", "revoked") and "crash" not in scenario.name:
        assert result.moved == 0, result
    if scenario.rolls_back:
        assert (result.lost, result.events[-2:]) == ((), ("verified", "revoked-1")), result
