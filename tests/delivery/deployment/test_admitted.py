"""Which releases may start, and what holds."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.deployment.admitted import Admitted
from delivery.errors import HeldError
from delivery.gates.verdict import Verdict
from delivery.state.desired import Desired, ReleaseRef, desired_path, render_desired
from tests.delivery.place import World
from tests.origin import Origin, version

ONE, TWO = "r-111111111111", "r-222222222222"


@pytest.fixture
def admitted(origin: Origin) -> Admitted:
    """ONE is verified in staging, and TWO is wanted there."""
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    origin.want("staging", TWO, ONE)
    world = World(origin.path, lambda _: None)
    return Admitted(world, world.snapshot(), "staging")


def test_what_was_verified_before_may_start(admitted: Admitted) -> None:
    assert admitted.previous == version(ONE)
    assert admitted.may_start(admitted.previous)
    assert admitted.bento(admitted.previous).id == ONE
    assert not admitted.may_start(ReleaseRef())


def test_what_nobody_may_have_signed_may_not(
    admitted: Admitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsigned(*_: Any) -> Verdict:
        return Verdict("signature", "hold", "m", "r", "w")

    monkeypatch.setattr(World, "signature", unsigned)
    assert not admitted.may_start(admitted.previous)


def test_evidence_about_something_else_holds(origin: Origin, admitted: Admitted) -> None:
    attempt = admitted.snapshot.attempt("staging")
    admitted.require_believed(attempt)
    admitted.require_fresh(attempt)
    desired = render_desired(Desired(version(ONE)))
    origin.push({desired_path("staging"): desired}, "By hand, beside evidence about TWO")
    later = Admitted(admitted.context, admitted.context.snapshot(), "staging")
    with pytest.raises(HeldError, match="freshness"):
        later.require_fresh(later.snapshot.attempt("staging"))
