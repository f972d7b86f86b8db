"""Licences that leave no choice."""

from __future__ import annotations

import pytest

from delivery.gates.supply_chain import licences


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
