"""Whom a router served, and the feedback since, become one outcome for each user."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.observations.outcomes import Outcomes
from delivery.gates.rollout.observations.served import Feedback, Question, Served, digest, outcomes

QUESTION = Question("outcome", (), after=10.0, share=0.25, began=100.0)
# ann asks the champion twice, bob the candidate, and nobody knows who asks last.
SERVED = Served(
    np.array([101.0, 102.0, 105.0, 106.0]),
    np.array([False, True, False, True]),
    np.array(["ann", "bob", "ann", ""]),
    np.array([digest(name) for name in ("a1", "b1", "a2", "x")], np.uint64),
)


def ask(*feedback: Feedback, now: float = 200.0, question: Question = QUESTION) -> Outcomes:
    return outcomes(SERVED, feedback, question, now)


def about(request: str, value: float, at: float = 103.0) -> Feedback:
    return Feedback(at, value, request=digest(request), metric="outcome")


def test_a_user_counts_once_by_the_mean_of_the_feedback() -> None:
    found = ask(about("a1", 1.0), about("a2", 0.0, 106.0), about("b1", 1.0))
    assert found.value.tolist() == [0.5, 1.0]
    assert (found.arm.tolist(), found.assigned) == ([0, 1], (1, 1))
    assert (found.at.tolist(), found.began, found.shares) == ([111.0, 112.0], 100.0, (0.75, 0.25))


def test_a_user_without_feedback_is_unknown_and_not_zero() -> None:
    found = ask(about("a1", 1.0))
    assert np.isnan(found.value).tolist() == [False, True]
    assert found.assigned == (1, 1)


def test_whose_time_has_not_come_does_not_count() -> None:
    assert len(ask(about("a1", 1.0), now=111.5).arm) == 1
    assert len(ask(about("a1", 1.0), now=110.5).arm) == 0


@pytest.mark.parametrize(("at", "counts"), [(100.9, 0), (101.0, 1), (111.0, 1), (111.1, 0)])
def test_feedback_too_late_or_too_early_does_not_count(at: float, counts: int) -> None:
    assert np.isfinite(ask(about("a1", 1.0, at)).value).sum() == counts


def test_events_name_who_they_are_about_and_guardrails_stand_apart() -> None:
    question = Question("outcome", ("kept",), 10.0, 0.25, 100.0)
    feedback = (Feedback(103.0, 3.0, entity="bob", metric="kept"), about("a1", 1.0))
    found = ask(*feedback, question=question)
    assert np.isnan(found.guardrails["kept"]).tolist() == [True, False]
    assert np.isnan(found.value).tolist() == [False, True]


def test_what_was_known_before_is_kept_apart() -> None:
    feedback = Feedback(1.0, 7.0, entity="ann", metric="outcome", before=True)
    found = ask(feedback, about("a1", 1.0))
    assert found.before is not None
    assert found.before.tolist()[0] == 7.0
    assert found.value.tolist()[0] == 1.0


def test_strangers_are_left_out() -> None:
    assert np.isnan(ask(about("of another", 1.0)).value).all()
