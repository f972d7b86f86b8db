"""A source of advisories is asked about the lock inside the bento."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.evidence.supply_chain.dependencies import gather
from delivery.gates.supply_chain.dependencies import Allowed
from delivery.scanners.dependencies import ALLOWED
from tests.delivery.evidence.submitted import Desk, candidate
from tests.origin import Origin
from tests.workflows.advisories import ADVISORY, Advisories, advisories


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Advisories]:
    with advisories() as answering:
        monkeypatch.setenv("ADVISORIES_URL", answering.url)
        yield answering


def test_what_is_known_of_the_locked_packages(
    origin: Origin, tmp_path: Path, source: Advisories
) -> None:
    source.vulnerable.add("made-up")
    evidence = gather(Desk(origin, tmp_path).trial(candidate(tmp_path)))
    assert (evidence.packages, evidence.missing) == (1, "")
    assert evidence.known is not None
    (advisory,) = evidence.known
    assert advisory.names[0] == ADVISORY["id"]
    assert (advisory.package, advisory.version) == ("made-up", "1.0")
    assert source.asked == {"made-up"}


def test_a_sound_lock_and_what_main_allows(
    origin: Origin, tmp_path: Path, source: Advisories
) -> None:
    entry = '- { id: GHSA-1, until: 2027-01-31, reason: "never called anywhere" }\n'
    origin.push({ALLOWED: entry})
    (origin.path / ALLOWED).write_text("")  # the work tree allows nothing
    evidence = gather(Desk(origin, tmp_path).trial(candidate(tmp_path)))
    assert evidence.known == []
    assert evidence.allowed == {"GHSA-1": Allowed(date(2027, 1, 31), "never called anywhere")}
    assert source.asked == {"made-up"}


def test_silence_is_no_clean_answer(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADVISORIES_URL", "http://127.0.0.1:9/v1/query")
    evidence = gather(Desk(origin, tmp_path).trial(candidate(tmp_path)))
    assert (evidence.packages, evidence.known) == (1, None)
    assert "no source of advisories answered" in evidence.missing


def test_an_allowance_without_a_reason_is_no_allowance(origin: Origin, tmp_path: Path) -> None:
    origin.push({ALLOWED: "- { id: GHSA-1, until: 2027-01-31 }\n"})
    with pytest.raises(InputError, match="reason"):
        gather(Desk(origin, tmp_path).trial(candidate(tmp_path)))
