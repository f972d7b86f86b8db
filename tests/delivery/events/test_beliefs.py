"""Whose entries are believed, with and without names in `trust:`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from delivery.events.beliefs import Beliefs, Reader
from delivery.events.entry import Checkpoint, Entry, Happened, Signed, read_entry
from delivery.events.event import REHEARSAL, Event
from delivery.trust.keys import PublicKey, own_key, public_half
from delivery.trust.signers import Revoked, Signer

REAL = Event("staging", "c" * 40, "verified", "r-111111111111", "local")
REHEARSED = Event("staging", "c" * 40, "verified", "r-111111111111", REHEARSAL)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Mine, and a stranger's."""
    folder = tmp_path_factory.mktemp("keys")
    mine, strangers = (
        own_key({"XDG_DATA_HOME": str(folder / name)}, make=True) for name in ("mine", "stranger")
    )
    assert mine is not None
    assert strangers is not None
    return mine, strangers


def written(pem: str, happened: Happened = REAL, edit: tuple[str, str] = ("", "")) -> Signed:
    entry = Entry(happened, "b" * 40, (), "2026-06-01T12:00:00+00:00", {})
    return read_entry("0" * 40, (), entry.message(pem).replace(*edit))


def test_without_names_a_machine_believes_its_own_key(pems: tuple[str, str]) -> None:
    mine, strangers = pems
    beliefs = Beliefs(reader=Reader(public_half(mine)))
    assert beliefs.doubt(written(mine)) == ""
    assert "names nobody who may write events" in beliefs.doubt(written(strangers))
    assert "not made with the key" in beliefs.doubt(written(mine, edit=("verified", "deployed")))
    assert Beliefs().doubt(written(mine)) != ""


def test_without_names_jobs_and_rehearsals_believe_what_origin_let_in(
    pems: tuple[str, str],
) -> None:
    _, strangers = pems
    assert Beliefs(reader=Reader(hosted=True)).doubt(written(strangers)) == ""
    assert Beliefs().doubt(written(strangers, REHEARSED)) == ""
    assert Beliefs().doubt(written(strangers, Checkpoint("staging", "w", rehearsed=True))) == ""


def test_with_a_name_its_key_alone_counts_everywhere(pems: tuple[str, str]) -> None:
    mine, strangers = pems
    named = named_as(public_half(strangers), Signer(key="k", may=("events",)))
    for reader in (Reader(public_half(mine)), Reader(public_half(mine), hosted=True)):
        beliefs = Beliefs(named.trust, named.keys, reader)
        assert beliefs.doubt(written(strangers)) == ""
        assert "may write events by `trust:`" in beliefs.doubt(written(mine))
        assert "may write events by `trust:`" in beliefs.doubt(written(mine, REHEARSED))


@pytest.mark.parametrize(
    "signer",
    [
        Signer(key="k", may=("events",), environments=("production",)),
        Signer(key="k", may=("events",), until=date(2026, 5, 1)),
        Signer(key="k", may=("events",), revoked=Revoked(at=date(2026, 6, 1), why="lost")),
    ],
)
def test_the_rules_of_a_name_hold(pems: tuple[str, str], signer: Signer) -> None:
    mine, _ = pems
    assert "trust.runner." in named_as(public_half(mine), signer).doubt(written(mine))


def test_a_name_for_one_environment_is_believed_there(pems: tuple[str, str]) -> None:
    mine, _ = pems
    signer = Signer(key="k", may=("events",), environments=(REAL.environment,))
    assert named_as(public_half(mine), signer).doubt(written(mine)) == ""


def named_as(key: PublicKey, signer: Signer) -> Beliefs:
    return Beliefs({"runner": signer}, {"runner": key})


def test_a_name_in_somebody_elses_entry_is_forged(pems: tuple[str, str], tmp_path: Path) -> None:
    mine, strangers = pems
    beliefs = named_as(public_half(mine), Signer(key="k", may=("events",)))
    claimed = (public_half(strangers).id, public_half(mine).id)
    assert "not made with the key" in beliefs.doubt(written(strangers, edit=claimed))
