from __future__ import annotations

import pytest

from delivery.gates.service.security import Answer, Evidence, judge

FINE = (Answer("null", 422), Answer("a true number", 200, must_refuse=False))


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (Answer("x", 400), "pass", ""),
        (Answer("x", 499), "pass", ""),
        (Answer("x", 200, must_refuse=False), "pass", ""),
        (Answer("x", 399), "fail", "x: was taken (399)"),
        (Answer("x", 200), "fail", "x: was taken (200)"),
        (Answer("x", 500), "fail", "x: 500"),
        (Answer("x", 503, must_refuse=False), "fail", "x: 503"),
        (Answer("x", None), "fail", "x: no answer"),
        (Answer("x", 400, leak="Traceback"), "fail", "shows the inside: Traceback"),
    ],
)
def test_what_is_malformed_is_refused_in_good_order(answer: Answer, status: str, text: str) -> None:
    verdict = judge(Evidence((*FINE, answer), 200))
    assert verdict.status == status
    assert text in verdict.why


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer("x", 413, cut_off=True), "pass"),
        (Answer("x", None, cut_off=True), "pass"),
        (Answer("x", 502, cut_off=True), "pass"),
        (Answer("x", 502), "fail"),
        (Answer("x", 500, cut_off=True), "fail"),
        (Answer("x", 503, cut_off=True), "fail"),
        (Answer("x", 200, cut_off=True), "fail"),
        (Answer("x", 502, cut_off=True, leak="Traceback"), "fail"),
    ],
)
def test_a_body_that_nobody_read_to_its_end_may_be_cut_off(answer: Answer, status: str) -> None:
    assert judge(Evidence((*FINE, answer), 200)).status == status


@pytest.mark.parametrize(
    ("afterwards", "status"),
    [(200, "pass"), (429, "pass"), (500, "fail"), (422, "fail"), (None, "fail")],
)
def test_it_answers_afterwards(afterwards: int | None, status: str) -> None:
    assert judge(Evidence(FINE, afterwards)).status == status


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (401, "pass"),
        (403, "pass"),
        (200, "fail"),
        (404, "fail"),
        (405, "fail"),
        (500, "fail"),
        (None, "fail"),
    ],
)
def test_strangers_are_told_to_go_and_nothing_else(status: int | None, verdict: str) -> None:
    strangers = (Answer("GET /release without a key", status),)
    assert judge(Evidence(FINE, 200, strangers)).status == verdict


@pytest.mark.parametrize(("answered", "status"), [(False, "pass"), (True, "fail")])
def test_where_there_is_tls_nothing_older_is_spoken(answered: bool, status: str) -> None:
    verdict = judge(Evidence(FINE, 200, channel={"TLS 1.1": answered}))
    assert verdict.status == status
    assert ("TLS 1.1 is answered" in verdict.why) == answered


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence((), missing="no example"),
        Evidence(FINE, 200, ()),
        Evidence((Answer("x", None), Answer("y", None)), None),
    ],
)
def test_what_was_not_tried_holds(evidence: Evidence) -> None:
    assert judge(evidence).status == "hold"
