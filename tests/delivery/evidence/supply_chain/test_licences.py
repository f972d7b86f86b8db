"""Licences are those that the SBOM states."""

from __future__ import annotations

from pathlib import Path

from delivery.evidence.supply_chain.licences import gather, inspect
from tests.delivery.evidence.submitted import Desk, candidate
from tests.delivery.evidence.supply_chain.sboms import listing
from tests.origin import Origin


def test_every_package_has_its_licences_and_a_silent_one_has_none(
    origin: Origin, tmp_path: Path
) -> None:
    made = listing(candidate(tmp_path), numpy="BSD-3-Clause", Silent="")
    evidence = inspect(made)
    assert evidence.licences == {"numpy": ("BSD-3-Clause",), "silent": ()}
    assert gather(Desk(origin, tmp_path).trial(made)) == evidence


def test_without_an_sbom_no_licence_is_known(tmp_path: Path) -> None:
    evidence = inspect(candidate(tmp_path))
    assert evidence.licences is None
    assert "without an SBOM" in evidence.missing
