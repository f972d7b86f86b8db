"""The contract that clients know is that of what ran before."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.errors import InputError
from delivery.evidence.service.contract import gather, observe
from tests.delivery.evidence.trials import live, tiny_bento, tried


def test_a_candidate_is_compared_with_its_champion(tmp_path: Path) -> None:
    candidate = tiny_bento(tmp_path)
    champion = tiny_bento(tmp_path, "r-0", contract={"threshold": 0.25})
    evidence = gather(tried(candidate, champion))
    assert (evidence.candidate, evidence.previous) == (candidate.contract, champion.contract)
    assert not evidence.first
    assert evidence == observe(live(candidate, previous=champion))


def test_the_first_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    candidate = tiny_bento(tmp_path)
    for evidence in (gather(tried(candidate)), observe(live(candidate))):
        assert (evidence.previous, evidence.first) == (None, True)


def test_a_champion_without_a_contract_is_not_taken_for_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="r-0"):
        gather(tried(tiny_bento(tmp_path), Bento("r-0", tmp_path / "nowhere")))
