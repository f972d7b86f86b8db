from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from delivery.gates.supply_chain import executes_code
from delivery.gates.supply_chain.freshness import Evidence, Policy, judge
from delivery.gates.verdict import Verdict

BENTO, RECORD = "a" * 64, "b" * 64
GOOD: dict[str, Any] = {
    "release": "r-1",
    "judged": {"candidate_sha256": BENTO},
    "record_sha256": RECORD,
    "verdicts": [{"gate": "load", "status": "pass"}],
}


def look(found: Mapping[str, Any] | None, **options: bool) -> Verdict:
    given = {"proposed": True} | options
    return judge(Evidence("r-1", BENTO, RECORD, found, **given), Policy())


def verdicts(status: str, override: str = "") -> dict[str, Any]:
    return GOOD | {"verdicts": [{"gate": "load", "status": status, "override": override}]}


def test_evidence_about_these_bytes_passes() -> None:
    assert look(GOOD).status == "pass"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (None, "missing or cannot be read"),
        ({}, "missing or cannot be read"),
        (GOOD | {"release": "r-2"}, "is about r-2"),
        (GOOD | {"judged": {"candidate_sha256": "c" * 64}}, "about the bento cccccccccccc…"),
        (GOOD | {"judged": {}}, "about no bento"),
        (GOOD | {"judged": None}, "about no bento"),
        (GOOD | {"record_sha256": "d" * 64}, "about the record dddddddddddd…"),
        ({key: GOOD[key] for key in ("release", "judged")}, "about no record"),
        (verdicts("fail"), "load: fail"),
        (verdicts("hold"), "load: hold"),
    ],
)
def test_evidence_about_something_else_counts_as_missing(
    found: Mapping[str, Any] | None, text: str
) -> None:
    verdict = look(found)
    assert verdict.status == "hold"
    assert text in verdict.why


@pytest.mark.parametrize("found", [GOOD, None, GOOD | {"release": "r-2"}])
def test_what_delivery_did_not_propose_fails(found: Mapping[str, Any] | None) -> None:
    verdict = look(found, proposed=False)
    assert verdict.status == "fail"
    assert "somebody wrote it by hand" in verdict.why


def test_an_overridden_verdict_has_been_answered_for() -> None:
    assert look(verdicts("fail", "the desk asked for it")).status == "pass"


@pytest.mark.parametrize(("in_job", "status"), [(True, "hold"), (False, "pass")])
def test_what_a_person_did_not_check_is_no_pass_in_a_job(in_job: bool, status: str) -> None:
    assert look(verdicts("not checked"), in_job=in_job).status == status


@pytest.mark.parametrize(
    ("found", "status"),
    [({"release": "r-1"}, "pass"), ({"release": "r-2"}, "hold"), (None, "hold")],
)
def test_a_rollback_was_judged_when_it_came_first(
    found: Mapping[str, Any] | None, status: str
) -> None:
    assert look(found, rollback=True).status == status


@pytest.mark.parametrize(
    ("code", "allowed", "status"),
    [(False, False, "pass"), (False, True, "pass"), (True, True, "pass"), (True, False, "fail")],
)
def test_code_runs_where_it_is_allowed(code: bool, allowed: bool, status: str) -> None:
    verdict = executes_code.judge(
        executes_code.Evidence("production", code), executes_code.Policy(executes_code=allowed)
    )
    assert verdict.status == status
    assert ("environments.production.executes_code" in verdict.why) == code
