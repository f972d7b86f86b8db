"""Clients must not notice a release, nor a rollback from it."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.gates.service.contract import Evidence, judge
from serving.contract import Contract, Input, Output, Roles

BASE = Contract(
    name="tiny",
    task="binary",
    inputs=(
        Input(name="distance", dtype="float32", unit="mi", range=(0, 100)),
        Input(name="wind", dtype="float32", nullable=True),
        Input(name="origin", dtype="string", categories=("EWR", "JFK"), unseen="accept"),
    ),
    outputs=(Output(name="score", dtype="float32"),),
    classes=("False", "True"),
    threshold=0.5,
    roles=Roles(label="late", row_id="id"),
)


def changed(index: int, **fields: Any) -> Contract:
    inputs = list(BASE.inputs)
    inputs[index] = inputs[index].model_copy(update=fields)
    return BASE.model_copy(update={"inputs": tuple(inputs)})


def with_inputs(*inputs: Input) -> Contract:
    return BASE.model_copy(update={"inputs": inputs})


BREAKING = {
    "dropped": (with_inputs(*BASE.inputs[1:]), "input distance dropped"),
    "renamed": (changed(0, name="miles"), "input distance renamed to miles"),
    "retyped": (changed(0, dtype="int64"), "dtype float32 became int64"),
    "reshaped": (changed(0, shape=(2,)), "shape () became (2,)"),
    "required": (changed(1, nullable=False), "input wind may no longer be null"),
    "unit": (changed(0, unit="km"), "unit mi became km"),
    "narrowed": (changed(0, range=(0, 99.9)), "range [0, 100] became [0, 99.9]"),
    "limited": (changed(1, range=(0, 40)), "range none became [0, 40]"),
    "refused": (changed(2, unseen="reject"), "unseen categories are now refused"),
    "new and required": (
        with_inputs(*BASE.inputs, Input(name="hour", dtype="int64")),
        "input hour added and not nullable",
    ),
    "task": (
        BASE.model_copy(update={"task": "regression", "classes": None}),
        "task binary became regression",
    ),
    "classes": (
        BASE.model_copy(update={"classes": ("True", "False")}),
        "classes False, True became True, False",
    ),
    "output": (
        BASE.model_copy(update={"outputs": (Output(name="score", dtype="float32", shape=(2,)),)}),
        "output score: shape () became (2,)",
    ),
}
HARMLESS = {
    "same": BASE,
    "a new input that may be null": with_inputs(
        *BASE.inputs, Input(name="gust", dtype="float32", nullable=True)
    ),
    "widened": changed(0, range=(0, 200)),
    "unlimited": changed(0, range=None),
    "optional": changed(0, nullable=True),
    "fewer categories, others accepted": changed(2, categories=("EWR",)),
    "threshold": BASE.model_copy(update={"threshold": 0.4}),
    "trained later": BASE.model_copy(update={"trained_until": "2013-07-31"}),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_fails_and_is_named(name: str) -> None:
    contract, text = BREAKING[name]
    verdict = judge(Evidence(contract, BASE))
    assert verdict.status == "fail"
    assert text in verdict.why


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_passes(name: str) -> None:
    assert judge(Evidence(HARMLESS[name], BASE)).status == "pass"


def test_a_category_set_that_shrinks_fails_where_others_are_refused() -> None:
    old = changed(2, unseen="reject")
    new = changed(2, unseen="reject", categories=("JFK",))
    verdict = judge(Evidence(new, old))
    assert verdict.status == "fail"
    assert "categories EWR are gone" in verdict.why
    assert judge(Evidence(old, new)).status == "pass"


def test_every_change_is_listed_and_the_breaking_ones_come_first() -> None:
    both = changed(0, unit="km").model_copy(update={"threshold": 0.1})
    listed = judge(Evidence(both, BASE)).details["changes"]
    assert [bool(change["breaks"]) for change in listed] == [True, False]


def test_a_first_release_passes_and_an_unknown_one_holds() -> None:
    assert judge(Evidence(BASE, None, first=True)).status == "pass"
    assert judge(Evidence(BASE, None)).status == "hold"
    assert judge(Evidence(None, BASE, missing="not readable")).why == "not readable"
