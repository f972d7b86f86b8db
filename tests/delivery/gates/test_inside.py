"""The lists of a bento: its SBOM, its licences, its builds."""

from __future__ import annotations

import pytest

from delivery.gates.supply_chain import licences, sbom
from delivery.gates.supply_chain import reproducible_build as reproducible

LOCKED = {"numpy": "2.0", "onnxruntime": "1.0"}


def test_a_complete_sbom_passes() -> None:
    assert sbom.judge(sbom.Evidence(LOCKED, LOCKED), sbom.Policy()).status == "pass"


@pytest.mark.parametrize(
    ("listed", "text"),
    [
        ({"numpy": "2.0"}, "onnxruntime 1.0 is not listed"),
        (LOCKED | {"pip": "24"}, "pip 24 is listed and not locked"),
        (LOCKED | {"numpy": "1.9"}, "numpy is listed as 1.9, locked as 2.0"),
    ],
)
def test_an_sbom_that_differs_is_refused_by_name(listed: dict[str, str], text: str) -> None:
    verdict = sbom.judge(sbom.Evidence(LOCKED, listed), sbom.Policy())
    assert (verdict.status, verdict.why) == ("fail", text)


def test_an_sbom_that_is_missing_empty_or_another_does_not_pass() -> None:
    policy = sbom.Policy()
    assert sbom.judge(sbom.Evidence(LOCKED, None, missing="none"), policy).status == "hold"
    assert sbom.judge(sbom.Evidence({}, {}), policy).status == "fail"
    other = sbom.Evidence(LOCKED, LOCKED, recorded="aa", sha256="bb")
    assert sbom.judge(other, policy).status == "fail"


@pytest.mark.parametrize(
    ("stated", "denied"),
    [
        ("MIT", False),
        ("GPL-3.0-only", True),
        ("GPL-3.0-or-later", True),
        ("GPL-2.0", True),
        ("AGPL-3.0-or-later", True),
        ("LGPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("MIT OR GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("License :: OSI Approved :: GNU Affero General Public License v3", True),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", False),
        ("License :: OSI Approved :: BSD License", False),
        ("GPLv3", True),
        ("SSPL-1.0", True),
    ],
)
def test_a_licence_is_denied_where_it_leaves_no_choice(stated: str, denied: bool) -> None:
    assert licences.denied(stated, licences.STRONG_COPYLEFT) is denied
    found = licences.judge(licences.Evidence({"x": (stated,)}), licences.Policy())
    assert found.status == ("fail" if denied else "pass")


def test_a_denied_package_may_stay_with_a_reason() -> None:
    evidence = licences.Evidence({"x": ("GPL-3.0-only",)})
    verdict = licences.judge(evidence, licences.Policy(allow={"x": "runs apart"}))
    assert (verdict.status, verdict.why) == ("pass", "x allowed: runs apart")


def test_silent_packages_are_named_and_refused_only_on_request() -> None:
    evidence = licences.Evidence({"x": ()})
    assert "x state no licence" in licences.judge(evidence, licences.Policy()).why
    assert licences.judge(evidence, licences.Policy(require_known=True)).status == "fail"
    assert licences.judge(licences.Evidence(None, "no SBOM"), licences.Policy()).status == "hold"


@pytest.mark.parametrize(
    ("second", "status"),
    [({"a": "1"}, "pass"), ({"a": "2"}, "fail"), ({}, "fail"), ({"a": "1", "b": "2"}, "fail"),
     (None, "hold")],
)  # fmt: skip
def test_two_builds_are_the_same_or_not(second: dict[str, str] | None, status: str) -> None:
    verdict = reproducible.judge(reproducible.Evidence({"a": "1"}, second), reproducible.Policy())
    assert verdict.status == status
