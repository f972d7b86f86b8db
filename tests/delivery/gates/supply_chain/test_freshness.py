from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from delivery.gates.supply_chain.freshness import Evidence, Written, judge
from delivery.gates.verdict import Status, Verdict

BENTO, RECORD = "a" * 64, "b" * 64
GOOD = Written("r-1", BENTO, RECORD, (Verdict("load", "pass", "", "", ""),))


def look(written: Written | None, **options: Any) -> Verdict:
    given: dict[str, Any] = {"proposed": True} | options
    return judge(Evidence("r-1", BENTO, RECORD, written, **given))


def verdicts(status: Status, override: str = "") -> Written:
    return replace(GOOD, verdicts=(Verdict("load", status, "", "", "", override=override),))


def test_evidence_about_these_bytes_passes() -> None:
    assert look(GOOD).status == "pass"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (None, "missing or cannot be read"),
        (replace(GOOD, release="r-2"), "is about r-2"),
        (replace(GOOD, bento_sha256="c" * 64), "about the bento cccccccccccc…"),
        (replace(GOOD, bento_sha256=None), "about no bento"),
        (replace(GOOD, record_sha256="d" * 64), "about the record dddddddddddd…"),
        (replace(GOOD, record_sha256=None), "about no record"),
        (verdicts("fail"), "load: fail"),
        (verdicts("hold"), "load: hold"),
    ],
)
def test_evidence_about_something_else_counts_as_missing(
    written: Written | None, text: str
) -> None:
    verdict = look(written)
    assert verdict.status == "hold"
    assert text in verdict.why


@pytest.mark.parametrize("written", [GOOD, None, replace(GOOD, release="r-2")])
def test_what_delivery_did_not_propose_fails(written: Written | None) -> None:
    verdict = look(written, proposed=False)
    assert verdict.status == "fail"
    assert "somebody wrote it by hand" in verdict.why


def test_an_overridden_verdict_has_been_answered_for() -> None:
    assert look(verdicts("fail", "the desk asked for it")).status == "pass"


@pytest.mark.parametrize(("in_job", "status"), [(True, "hold"), (False, "pass")])
def test_what_a_person_did_not_check_is_no_pass_in_a_job(in_job: bool, status: str) -> None:
    assert look(verdicts("not checked"), in_job=in_job).status == status


@pytest.mark.parametrize(
    ("written", "status"),
    [(Written("r-1"), "pass"), (Written("r-2"), "hold"), (None, "hold")],
)
def test_a_rollback_was_judged_when_it_came_first(written: Written | None, status: str) -> None:
    assert look(written, rollback=True).status == status


def test_what_was_proposed_for_another_place_fails() -> None:
    verdict = look(GOOD, replaces="1" * 40, replaced=("3" * 40, "2" * 40))
    assert verdict.status == "fail"
    assert "in place of attempt 111111111111, and it took the place of 222222222222" in verdict.why
    assert look(GOOD, replaces="1" * 40, replaced=("3" * 40, "1" * 40)).status == "pass"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"replaces": None}, "does not say which attempt it replaces"),
        ({"unattested": "key 12 is a stranger's"}, "nobody who may write events proposed it: key"),
    ],
)
def test_a_proposal_that_cannot_be_verified_is_held(options: dict[str, Any], text: str) -> None:
    verdict = look(GOOD, **options)
    assert verdict.status == "hold"
    assert text in verdict.why
