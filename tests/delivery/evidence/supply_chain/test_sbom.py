"""The SBOM stands beside the lock that is inside the bento."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.evidence.supply_chain.sbom import gather, inspect, listed
from delivery.gates.supply_chain.sbom import judge
from tests.delivery.evidence.submitted import Desk, candidate
from tests.delivery.evidence.supply_chain.sboms import listing
from tests.origin import Origin


def test_what_the_lock_installs_and_what_the_sbom_lists(origin: Origin, tmp_path: Path) -> None:
    made = listing(candidate(tmp_path), Made_Up="MIT")
    evidence = gather(Desk(origin, tmp_path).trial(made))
    assert evidence.locked == evidence.listed == {"made-up": "1.0"}
    assert evidence.recorded == evidence.sha256 == made.sbom_sha256
    assert judge(evidence).status == "pass"


def test_a_package_of_another_platform_is_not_expected(tmp_path: Path) -> None:
    lock = "made-up==1.0\nother==2.0 ; sys_platform == 'beos'\n"
    assert inspect(candidate(tmp_path, lock=lock)).locked == {"made-up": "1.0"}


def test_an_sbom_that_is_not_the_recorded_one_is_told(tmp_path: Path) -> None:
    made = listing(candidate(tmp_path), **{"made-up": "MIT"})
    evidence = inspect(replace(made, sbom=f"{made.sbom}\n"))
    assert evidence.listed == {"made-up": "1.0"}
    assert evidence.sha256 != evidence.recorded
    assert judge(evidence).status == "fail"


@pytest.mark.parametrize(
    ("sbom", "text"),
    [
        (None, "r-1 was released without an SBOM"),
        ("{}", "the SBOM is not CycloneDX JSON"),
        ("no json", "the SBOM is not CycloneDX JSON"),
    ],
)
def test_an_sbom_that_is_missing_or_unreadable_lists_nothing(
    tmp_path: Path, sbom: str | None, text: str
) -> None:
    made = replace(candidate(tmp_path), sbom=sbom)
    packages, missing = listed(made)
    assert packages is None
    assert text in missing
    assert (inspect(made).listed, inspect(made).missing) == (None, missing)
    assert judge(inspect(made)).status == "hold"
