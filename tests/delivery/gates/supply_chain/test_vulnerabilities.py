"""What blocks an image: severe, fixable, not allowed today, by a report about it that is fresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from delivery.gates.supply_chain.dependencies import Allowed
from delivery.gates.supply_chain.vulnerabilities import Evidence, Known, Policy, judge

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
IMAGE = frozenset({"sha256:manifest", "sha256:config"})
CLEAN = Evidence(IMAGE, (), {}, NOW, True, frozenset({"sha256:config"}), NOW)
SEVERE = Known(("GHSA-1", "CVE-1"), "libssl3", "3.0.1", "high", ("3.0.2",))


def judged(*known: Known, **more: object) -> str:
    return judge(replace(CLEAN, known=known, **more), Policy()).status  # type: ignore[arg-type]


def test_an_image_about_which_nothing_is_known_passes() -> None:
    verdict = judge(CLEAN, Policy())
    assert (verdict.status, verdict.measured[:17]) == ("pass", "0 vulnerabilities")


@pytest.mark.parametrize(
    ("severity", "fixed", "status"),
    [
        ("critical", ("1",), "fail"),
        ("high", ("1",), "fail"),
        ("high", (), "pass"),
        ("medium", ("1",), "pass"),
        ("unknown", ("1",), "pass"),
    ],
)
def test_severe_with_a_fix_blocks(severity: str, fixed: tuple[str, ...], status: str) -> None:
    assert judged(replace(SEVERE, severity=severity, fixed=fixed)) == status


def test_policy_says_what_is_severe() -> None:
    medium = replace(SEVERE, severity="medium")
    evidence = replace(CLEAN, known=(medium,))
    assert judge(evidence, Policy(severities=("medium",))).status == "fail"
    assert judge(replace(CLEAN, known=(SEVERE,)), Policy(severities=("critical",))).status == "pass"


@pytest.mark.parametrize(
    ("until", "status"), [("2026-11-27", "fail"), ("2026-11-28", "pass"), ("2026-11-29", "pass")]
)
def test_an_exception_by_any_name_ends_with_its_day(until: str, status: str) -> None:
    allowed = {"CVE-1": Allowed(date.fromisoformat(until), "not reachable")}
    verdict = judge(replace(CLEAN, known=(SEVERE,), allowed=allowed), Policy())
    assert verdict.status == status
    assert until in verdict.why


@pytest.mark.parametrize(
    ("age", "status"),
    [(-2.0, "hold"), (-0.5, "pass"), (0.0, "pass"), (24.0, "pass"), (24.1, "hold")],
)
def test_a_report_ages(age: float, status: str) -> None:
    assert judged(at=NOW - timedelta(hours=age)) == status


def test_a_report_about_another_image_holds_however_clean_it_is() -> None:
    assert judged(about=frozenset({"sha256:other"})) == "hold"
    assert judged(SEVERE, about=frozenset({"sha256:other"})) == "hold"


def test_without_a_report_a_job_holds_and_a_person_sees_it() -> None:
    missing = replace(CLEAN, known=None, at=None, missing="nobody looked")
    assert judge(missing, Policy()).status == "hold"
    assert judge(replace(missing, in_job=False), Policy()).status == "not checked"
