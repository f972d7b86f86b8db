"""The SBOM lists what the lock installs."""

from __future__ import annotations

import pytest

from delivery.gates.supply_chain.sbom import Evidence, judge

LOCKED = {"numpy": "2.0", "onnxruntime": "1.0"}


def test_a_complete_sbom_passes() -> None:
    assert judge(Evidence(LOCKED, LOCKED)).status == "pass"


@pytest.mark.parametrize(
    ("listed", "text"),
    [
        ({"numpy": "2.0"}, "onnxruntime 1.0 is not listed"),
        (LOCKED | {"pip": "24"}, "pip 24 is listed and not locked"),
        (LOCKED | {"numpy": "1.9"}, "numpy is listed as 1.9, locked as 2.0"),
    ],
)
def test_an_sbom_that_differs_is_refused_by_name(listed: dict[str, str], text: str) -> None:
    verdict = judge(Evidence(LOCKED, listed))
    assert (verdict.status, verdict.why) == ("fail", text)


def test_an_sbom_that_is_missing_empty_or_another_does_not_pass() -> None:
    assert judge(Evidence(LOCKED, None, missing="none")).status == "hold"
    assert judge(Evidence({}, {})).status == "fail"
    other = Evidence(LOCKED, LOCKED, recorded="aa", sha256="bb")
    assert judge(other).status == "fail"


def test_a_person_sees_some_problems_and_the_report_has_all() -> None:
    missing = {f"package-{number}": "1" for number in range(9)}
    verdict = judge(Evidence(LOCKED | missing, LOCKED))
    assert verdict.why.endswith(" and 4 more")
    assert len(verdict.details["problems"]) == len(missing)
