"""How cost grows: a history that is made up is one that `delivery` believes, and slopes are named
right."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.generator import MissingError
from bench.scale.cost import Cost, cost, slope
from bench.scale.history import KINDS, Size, write
from bench.scale.page import Series, name_of, section
from bench.scale.training import PARAMS
from delivery.documents import parse_yaml
from delivery.events.beliefs import Reader
from delivery.events.event import State
from delivery.git.repository import Repository
from delivery.state.snapshot import Snapshot
from delivery.trust.keys import Role, own_public_key

FILES = ("desired.yaml", "evidence.json")
SIZE = Size(releases=3, environments=2)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    checkout = write(SIZE, tmp_path_factory.mktemp("history"))
    return Snapshot(Repository(checkout), Reader(own_public_key(os.environ, Role.EVENTS)))


@pytest.mark.parametrize("environment", SIZE.names)
def test_each_release_was_verified_in_each_environment(history: Snapshot, environment: str) -> None:
    attempts = history.history(environment).attempts[: SIZE.releases]
    assert [attempt.state for attempt in attempts] == [State.VERIFIED] * SIZE.releases
    assert history.history(environment).previous.release == "r-000000000001"
    assert not history.ledger.doubts(environment)


def test_it_has_the_events_that_it_says_and_a_proposal_of_each_attempt(history: Snapshot) -> None:
    events = [
        event
        for name in SIZE.names
        for happened in history.ledger.events(name).values()
        for event in happened
    ]
    assert len(events) == SIZE.events == 3 * 2 * len(KINDS)
    newest = history.attempt("env-0")
    path = "infra/environments/env-0"
    texts = [history.text(newest.commit, f"{path}/{name}") for name in FILES]
    assert history.ledger.proposal("env-0", *texts) == (True, "")


def test_a_strangers_events_are_in_doubt(tmp_path: Path) -> None:
    """The history is believed by its signatures alone, as that of a fork is."""
    stranger = own_public_key({"XDG_DATA_HOME": str(tmp_path / "key")}, Role.EVENTS, make=True)
    repository = Repository(write(Size(1, 1), tmp_path))
    assert Snapshot(repository, Reader(stranger)).ledger.doubts("env-0")


@pytest.mark.parametrize(
    ("costs", "name"),
    [
        ((1.0, 1.0, 1.0), "constant"),
        ((1.0, 1.9, 10.9), "linear, ^1.04"),
        ((1.0, 2.0, 101.0), "MORE than linear, ^2.00"),
        ((1.0, 3.0, 6.3), "less than linear, ^0.42"),
    ],
)
def test_a_slope_is_named_without_what_is_constant(costs: tuple[float, ...], name: str) -> None:
    assert name_of(slope((1, 10, 100), costs)) == name


def test_a_page_has_the_time_the_slope_and_the_memory() -> None:
    costs = [Cost(0.1 * rows, 100 * rows) for rows in (1, 10, 100)]
    text = section([Series("Rows", "rows", (1, 10, 100), {"train": costs})])
    assert "## Rows" in text
    assert "| train | 0.10 | 1.00 | 10.00 | linear, ^1.04 |" in text
    assert "| train | 100 | 1,000 | 10,000 |" in text


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "print('what is wrong'); raise SystemExit(3)"]
    with pytest.raises(MissingError, match="what is wrong"):
        cost(failing, tmp_path)
    assert cost(failing, tmp_path, fine=(3,)).memory > 1


def test_the_table_has_the_asked_size() -> None:
    own = parse_yaml(PARAMS.format(rows=7, features=3), "params.yaml")["model"]["load"]
    assert own == {"rows": 7, "features": 3}
