"""What main wants beside what runs, and the command that mends a difference."""

from __future__ import annotations

import pytest

from delivery.commands.status import EnvironmentStatus, status
from delivery.state.desired import desired_path
from tests.delivery.place import Place, World
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"


def staging(origin: Origin, **place: object) -> EnvironmentStatus:
    places = {"staging": Place("staging", **place)}  # type: ignore[arg-type]
    return status(World(origin.path, lambda _: None, places)).environments[0]


def verified(origin: Origin) -> None:
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)


def test_nothing_wanted_and_nothing_running_is_in_order(origin: Origin) -> None:
    row = staging(origin)
    assert (row.state, row.route, row.problem, row.cure) == ("idle", "closed", "", "")


def test_what_is_verified_and_has_all_traffic_is_in_order(origin: Origin) -> None:
    verified(origin)
    row = staging(origin, running={ONE: True}, shares={ONE: 100})
    assert (row.wanted, row.route, row.problem) == (ONE, f"{ONE} 100%", "")


@pytest.mark.parametrize(
    ("running", "shares", "problem"),
    [
        ({ONE: False}, {ONE: 100}, f"{ONE} is not running"),
        ({ONE: True, TWO: True}, {TWO: 100}, f"the route is not at {ONE}"),
        ({}, {}, f"the route is not at {ONE}"),
    ],
)
def test_a_difference_has_its_cure(
    origin: Origin, running: dict[str, bool], shares: dict[str, int], problem: str
) -> None:
    verified(origin)
    row = staging(origin, running=running, shares=shares)
    assert problem in row.problem
    assert row.cure == "delivery deploy staging"


def test_a_route_to_what_nobody_wants_is_a_difference(origin: Origin) -> None:
    row = staging(origin, running={ONE: True}, shares={ONE: 100})
    assert row.problem == f"the route is open to {ONE}"


def test_what_was_merged_waits_for_its_deployment(origin: Origin) -> None:
    origin.want("staging", ONE)
    assert staging(origin).problem == f"{ONE} is merged"


def test_a_file_that_cannot_be_read_is_a_difference_with_its_cure(origin: Origin) -> None:
    verified(origin)
    origin.push({desired_path("staging"): "nonsense"})
    row = staging(origin, running={ONE: True}, shares={ONE: 100})
    assert "malformed" in row.problem
    assert (row.route, row.previous, row.cure) == (
        f"{ONE} 100%", ONE, "delivery rollback staging",
    )  # fmt: skip
