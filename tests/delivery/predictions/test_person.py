"""Whose rows are meant, however the log writes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from delivery.errors import InputError
from delivery.predictions.person import Person
from serving.contract import Contract, Input, Output, Roles
from serving.telemetry.predictions.log_lines import LogLines
from tests.delivery.predictions.places import asked


@pytest.mark.parametrize(
    ("given", "value", "is_theirs"),
    [
        ("ann", "ann", True),
        ("ann", "Ann", False),
        ("7", 7, True),
        ("7", 7.0, True),
        ("7", "7", True),
        ("0.1", 0.10000000149011612, True),
        ("07", "7", False),
        ("true", True, True),
        ("1", True, False),
        ("nan", None, False),
    ],
)
def test_a_value_is_known_whatever_its_type(given: str, value: object, is_theirs: bool) -> None:
    person = Person.of((), (f"customer={given}",), "")
    line = asked("a", "x", features={"customer": [value]})
    assert person.rows_of(line) == ({0} if is_theirs else set())


@pytest.mark.parametrize(("dtype", "value"), [("string", "ann"), ("float32", 0.1), ("int64", 7)])
def test_a_sensitive_value_is_known_by_the_key(dtype: str, value: object) -> None:
    """As the service itself hides it."""
    contract = Contract(
        name="tiny", task="binary", classes=("False", "True"), roles=Roles(label="l", row_id="i"),
        inputs=(Input(name="customer", dtype=dtype, sensitive=True),),
        outputs=(Output(name="score", dtype="float32"),),
    )  # fmt: skip
    kinds = {"string": np.object_, "float32": np.float32, "int64": np.int64}
    column: Any = np.array([value], kinds[dtype]).reshape(1, 1)
    hidden = LogLines(contract, "r-1", b"secret")._values("customer", column)
    line = asked("a", "x", features={"customer": hidden})
    chosen = (f"customer={value}",)
    assert Person.of((), chosen, "secret").rows_of(line) == {0}
    assert Person.of((), chosen, "another").rows_of(line) == set()
    assert Person.of((), chosen, "").rows_of(line) == set()


def test_a_request_is_all_of_its_rows_and_an_entity_its_own() -> None:
    line = asked("a", "ann", "bob", "ann")
    assert Person.of(("a",), (), "").rows_of(line) == {0, 1, 2}
    assert Person.of((), ("customer=ann",), "").rows_of(line) == {0, 2}
    assert Person.of(("b",), ("nothing=ann",), "").rows_of(line) == set()


@pytest.mark.parametrize(("entities", "says"), [((), "nobody is named"), (("ann",), "NAME=VALUE")])
def test_somebody_has_to_be_named(entities: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Person.of((), entities, "")
