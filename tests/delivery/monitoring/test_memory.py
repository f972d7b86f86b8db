"""What was proposed is remembered on origin, by one monitor at a time."""

from __future__ import annotations

import pytest

from delivery.errors import HeldError
from delivery.monitoring.memory import Memory
from tests.origin import Origin

EVIDENCE = {"until": "2024-10-04T00:00+00:00", "release": "r-1"}


def test_nothing_was_proposed_at_first(origin: Origin) -> None:
    assert Memory(origin.repository, "production").proposed() == ("", None)


def test_the_newest_proposal_is_remembered_by_environment(origin: Origin) -> None:
    memory = Memory(origin.repository, "production")
    memory.keep(EVIDENCE, "")
    blob, proposed = memory.proposed()
    assert proposed == 1_728_000_000
    memory.keep(EVIDENCE | {"until": "2024-10-05T00:00+00:00"}, blob)
    assert memory.proposed()[1] == 1_728_086_400
    assert Memory(origin.repository, "staging").proposed() == ("", None)


def test_of_two_monitors_one_proposes(origin: Origin) -> None:
    memory = Memory(origin.repository, "production")
    memory.keep(EVIDENCE, "")
    with pytest.raises(HeldError, match=r"nothing is proposed.*Another monitor"):
        memory.keep(EVIDENCE | {"release": "r-2"}, "")
    assert memory.proposed()[1] == 1_728_000_000
