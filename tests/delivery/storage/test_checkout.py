"""A checkout knows its workspace, its store, and what main says."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.state.record import record_path, render_record
from delivery.storage.checkout import WORKSPACE, Checkout
from tests.origin import Origin, record

ONE = "r-111111111111"


def checkout(origin: Origin) -> Checkout:
    return Checkout(origin.path, lambda _: None)


def test_what_can_be_lost_lies_below_the_checkout(origin: Origin) -> None:
    assert checkout(origin).workspace == origin.path / WORKSPACE


def test_it_lies_elsewhere_where_the_environment_says_so(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERY_WORKSPACE", str(tmp_path / "state"))
    assert checkout(origin).workspace == tmp_path / "state"


def test_a_snapshot_is_fetched_unless_it_is_asked_not_to(origin: Origin) -> None:
    before = origin.git("rev-parse", "HEAD")
    origin.push({record_path(ONE): render_record(record(ONE))})
    origin.git("update-ref", "refs/remotes/origin/main", before)
    own = checkout(origin)
    assert own.snapshot(fetch=False).commit == before
    assert own.snapshot().commit == origin.git("rev-parse", "HEAD")
    assert own.snapshot().record(ONE).id == ONE


def test_without_github_there_is_no_api(origin: Origin) -> None:
    with pytest.raises(InputError, match="origin is not on GitHub"):
        _ = checkout(origin).api


def test_a_release_that_main_does_not_have_is_no_bento(origin: Origin) -> None:
    own = checkout(origin)
    with pytest.raises(InputError, match=ONE):
        own.bento(own.snapshot(), ONE)
