"""A change of contract: whom it breaks, a client, a rollback or nobody."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.gates.compatibility import Change, changes
from serving.contract import Contract, Input, Output, Roles

WIND = Input(name="wind", dtype="float32", range=(0.0, 10.0))
ORIGIN = Input(name="origin", dtype="string", categories=("EWR", "JFK"), unseen="reject")
SCORE = Output(name="score", dtype="float32")
OLD = Contract(
    name="tiny",
    task="binary",
    inputs=(WIND, ORIGIN),
    outputs=(SCORE,),
    classes=("False", "True"),
    roles=Roles(label="late", row_id="id", timestamp="when"),
    threshold=0.5,
)
BOTH = "clients and rollback"


def other(model: Any, **fields: Any) -> Any:
    """A copy with other fields, unchecked."""
    return model.model_copy(update=fields)


def of_inputs(*inputs: Input) -> tuple[tuple[str, str, str], ...]:
    return facts(changes(OLD, other(OLD, inputs=inputs)))


def facts(found: tuple[Change, ...]) -> tuple[tuple[str, str, str], ...]:
    """Each change says in its text what it is about."""
    assert [change for change in found if change.where not in change.text] == []
    return tuple((change.kind, change.where, change.breaks) for change in found)


def test_the_same_contract_changes_nothing() -> None:
    assert changes(OLD, OLD) == ()
    assert of_inputs(ORIGIN, WIND) == (), "the order of inputs is no matter"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"dtype": "float64"}, ("retyped", "wind", BOTH)),
        ({"shape": (3,)}, ("shape", "wind", BOTH)),
        ({"unit": "knots"}, ("unit", "wind", BOTH)),
        ({"nullable": True}, ("optional", "wind", "")),
        ({"range": (0.0, 9.0)}, ("range", "wind", "clients")),
        ({"range": (1.0, 10.0)}, ("range", "wind", "clients")),
        ({"range": (-1.0, 11.0)}, ("range", "wind", "")),
        ({"range": None}, ("range", "wind", "")),
        ({"name": "gust"}, ("renamed", "wind", BOTH)),
    ],
)
def test_a_change_of_an_input(fields: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert of_inputs(other(WIND, **fields), ORIGIN) == (expected,)


def test_an_input_that_may_no_longer_be_null_breaks_clients() -> None:
    old = other(OLD, inputs=(other(WIND, nullable=True), ORIGIN))
    assert facts(changes(old, OLD)) == (("required", "wind", "clients"),)


def test_an_input_that_goes_breaks_both_and_one_that_comes_may_break_nobody() -> None:
    assert of_inputs(ORIGIN) == (("dropped", "wind", BOTH),)
    new = Input(name="hour", dtype="int64")
    assert of_inputs(WIND, ORIGIN, new) == (("required", "hour", "clients"),)
    assert of_inputs(WIND, ORIGIN, other(new, nullable=True)) == (("added", "hour", ""),)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"categories": ("EWR",)}, (("categories", "origin", "clients"),)),
        ({"categories": ("EWR", "JFK", "LGA")}, ()),
        ({"categories": None}, ()),
        ({"unseen": "accept"}, (("unseen", "origin", ""),)),
        (
            {"categories": ("EWR",), "unseen": "accept"},
            (("unseen", "origin", ""), ("categories", "origin", "")),
        ),
    ],
)
def test_a_change_of_categories(fields: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert of_inputs(WIND, other(ORIGIN, **fields)) == expected


def test_unseen_categories_that_are_refused_from_now_on_break_clients() -> None:
    old = other(OLD, inputs=(WIND, other(ORIGIN, unseen="accept")))
    assert facts(changes(old, OLD)) == (("unseen", "origin", "clients"),)


def test_many_lost_categories_are_counted() -> None:
    old = other(OLD, inputs=(WIND, other(ORIGIN, categories=tuple("abcdefg"))))
    (change,) = changes(old, other(old, inputs=(WIND, other(ORIGIN, categories=("z",)))))
    assert change.text == "input origin: categories a, b, c, d, e and 2 more are gone"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"task": "multiclass"}, ("task", "task", BOTH)),
        ({"classes": ("True", "False")}, ("classes", "classes", BOTH)),
        ({"outputs": (other(SCORE, dtype="float64"),)}, ("output", "score", BOTH)),
        ({"outputs": (other(SCORE, shape=(2,)),)}, ("output", "score", BOTH)),
        ({"outputs": ()}, ("output", "score", BOTH)),
        ({"outputs": (SCORE, other(SCORE, name="more"))}, ("output", "more", "")),
        ({"threshold": 0.25}, ("threshold", "threshold", "")),
        ({"threshold": None}, ("threshold", "threshold", "")),
    ],
)
def test_a_change_of_the_answers(fields: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert facts(changes(OLD, other(OLD, **fields))) == (expected,)


def test_a_threshold_that_changes_is_told_with_both_values() -> None:
    [lower] = changes(OLD, other(OLD, threshold=0.25))
    [none] = changes(OLD, other(OLD, threshold=None))
    assert (lower.text, none.text) == (
        "threshold 0.5 became 0.25",
        "threshold 0.5 became none",
    )


def test_what_breaks_comes_first() -> None:
    new = other(OLD, inputs=(other(WIND, nullable=True), ORIGIN), threshold=0.25, outputs=())
    assert [change.breaks for change in changes(OLD, new)] == [BOTH, "", ""]
