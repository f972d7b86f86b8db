"""The errors of the service are one tree, and a refusal says what was found and expected."""

from __future__ import annotations

import pytest

from serving import errors
from serving.errors import AnswerError, Denied, InvalidRows, Problem, Refusal, ServingError

PROBLEM = Problem(3, "hour", "24", "an integer from 0 to 23", "range")


def test_every_error_of_the_service_is_in_the_tree() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {kind.__name__ for kind in kinds if issubclass(kind, Exception)}
    assert all(issubclass(getattr(errors, name), ServingError) for name in raised)
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in raised)


@pytest.mark.parametrize("refusal", [Denied(403, "no"), Refusal(403, "no")])
def test_a_refusal_has_the_status_of_its_answer(refusal: AnswerError) -> None:
    assert (refusal.status, str(refusal)) == (403, "no")


def test_what_a_client_is_shown_of_a_problem_leaves_the_counters_word_out() -> None:
    assert PROBLEM.to_json() == {
        "row": 3,
        "field": "hour",
        "value": "24",
        "expected": "an integer from 0 to 23",
    }


@pytest.mark.parametrize(
    ("problems", "message"),
    [
        ([PROBLEM], "row 3, hour: found 24, expected an integer from 0 to 23"),
        ([Problem(0, None, "5", "an object", "type")], "row 0: found 5, expected an object"),
        (
            [PROBLEM] * 2,
            "row 3, hour: found 24, expected an integer from 0 to 23 (one of several problems)",
        ),
    ],
)
def test_rows_are_refused_by_their_first_problem(problems: list[Problem], message: str) -> None:
    assert str(InvalidRows(problems)) == message
