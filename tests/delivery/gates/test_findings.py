"""The verdict of a scanner: findings refuse, silence holds, a clean look passes."""

from __future__ import annotations

from delivery.gates.findings import Findings, judge_findings
from delivery.gates.verdict import Verdict


def judge(findings: Findings) -> Verdict:
    return judge_findings("code", findings, "nothing", clean="it is clean", advice=". Mend it.")


def test_nothing_found_passes_and_says_what_is_clean() -> None:
    verdict = judge(Findings(()))
    assert (verdict.status, verdict.measured, verdict.why) == ("pass", "0 found", "it is clean")


def test_a_finding_refuses_with_what_was_found_and_advice() -> None:
    verdict = judge(Findings(["app.py:7 shell [B602]"]))
    assert (verdict.gate, verdict.status, verdict.measured) == ("code", "fail", "1 found")
    assert verdict.why == "app.py:7 shell [B602]. Mend it."
    assert verdict.required == "nothing"


def test_details_have_all_of_what_a_line_cuts() -> None:
    found = [f"app.py:{n}" for n in range(7)]
    verdict = judge(Findings(found))
    assert verdict.why.endswith("app.py:4 and 2 more. Mend it.")
    assert verdict.details == {"found": found}


def test_where_nobody_could_look_it_holds_and_says_why() -> None:
    verdict = judge(Findings(None, "bandit did not start"))
    assert (verdict.status, verdict.measured) == ("hold", "not looked at")
    assert verdict.why == "bandit did not start"
