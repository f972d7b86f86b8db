"""Known vulnerabilities, and those that are allowed for a time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from delivery.gates.supply_chain import dependencies
from delivery.gates.supply_chain.dependencies import Advisory, Allowed, Evidence
from delivery.gates.verdict import Verdict, blocking

TODAY = date(2026, 11, 24)
FOUND = Advisory(("PYSEC-1", "CVE-1"), "made-up", "1.0", ("1.1",))


def look(
    known: tuple[Advisory, ...] | None, allowed: dict[str, Allowed], *, in_job: bool = True
) -> Verdict:
    return dependencies.judge(Evidence(3, known, allowed, TODAY, in_job, "silence"))


def until(days: int) -> Allowed:
    return Allowed(TODAY + timedelta(days), "never called")


@pytest.mark.parametrize(
    ("known", "allowed", "status", "text"),
    [
        ((), {}, "pass", "none is known"),
        ((FOUND,), {}, "fail", "made-up 1.0 has PYSEC-1, fixed in 1.1"),
        ((FOUND,), {"CVE-2": until(9)}, "fail", "fixed in 1.1"),
        ((FOUND,), {"PYSEC-1": until(1)}, "pass", "never called"),
        ((FOUND,), {"CVE-1": until(0)}, "pass", "never called"),
        ((FOUND,), {"CVE-1": until(-1)}, "fail", "which was allowed until 2026-11-23"),
        ((FOUND,), {"CVE-1": until(-1), "PYSEC-1": until(1)}, "pass", "never called"),
    ],
)
def test_what_is_known_fails_unless_it_is_allowed_today(
    known: tuple[Advisory, ...], allowed: dict[str, Allowed], status: str, text: str
) -> None:
    verdict = look(known, allowed)
    assert verdict.status == status
    assert text in verdict.why


@pytest.mark.parametrize(("in_job", "status"), [(True, "hold"), (False, "not checked")])
def test_silence_blocks_in_a_job_and_is_no_pass_anywhere(in_job: bool, status: str) -> None:
    verdict = look(None, {}, in_job=in_job)
    assert (verdict.status, verdict.why) == (status, "silence")
    assert bool(blocking([verdict])) == in_job


def test_a_lock_without_packages_holds() -> None:
    assert dependencies.judge(Evidence(0, (), {}, TODAY, False)).status == "hold"
