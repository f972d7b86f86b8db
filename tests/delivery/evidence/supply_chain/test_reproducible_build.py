"""Two builds are those of the candidate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from delivery.evidence.supply_chain.reproducible_build import gather
from delivery.gates.supply_chain.reproducible_build import Evidence
from tests.delivery.evidence.submitted import Desk, candidate
from tests.origin import Origin


def test_a_candidate_was_built_twice_and_a_release_was_not(origin: Origin, tmp_path: Path) -> None:
    desk, made, builds = Desk(origin, tmp_path), candidate(tmp_path), Evidence({"a": "1"}, {})
    assert gather(desk.trial(replace(made, builds=builds))) is builds
    assert gather(desk.trial(made)) is None
