"""A behaviour that no gate could ask for stops the export, and says which one and why."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import PipelineError
from pipeline.export.behaviours import checked
from tests.serving.tiny import tiny_contract

ROW = {"distance": 1.0, "wind": None, "hour": 5, "weekend": False, "carrier": "AA"}
GOOD: dict[str, Any] = {"name": "fine", "row": ROW, "maximum": 0.5}


def test_all_three_kinds_are_kept() -> None:
    declared = [
        GOOD,
        {"name": "higher", "higher": ROW, "lower": ROW, "by": 0.1},
        {"name": "same", "same": [ROW, {name: v for name, v in ROW.items() if name != "wind"}]},
    ]
    assert [one.name for one in checked(declared, tiny_contract())] == ["fine", "higher", "same"]
    assert len(checked([GOOD], tiny_contract())[0].rows) == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"maximum": None}, "`row` comes with"),
        ({"lower": ROW}, "belong together"),
        ({"higher": ROW, "lower": ROW}, "or `same`, or `row`"),
        ({"row": None, "maximum": None}, "or `same`, or `row`"),
        ({"row": None, "maximum": None, "same": [ROW]}, "two rows or more"),
        ({"mininum": 0}, "mininum: unknown key"),
        ({"of": "maybe"}, "no class of the model"),
        ({"row": ROW | {"colour": "red"}}, "'colour' is no feature"),
        ({"row": ROW | {"hour": None}}, "no 'hour', which may not be missing"),
    ],
)
def test_what_is_malformed_is_named(change: dict[str, Any], text: str) -> None:
    with pytest.raises(PipelineError, match="number 1") as refused:
        checked([GOOD | change], tiny_contract())
    assert text in str(refused.value)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(PipelineError, match="same name"):
        checked([GOOD, GOOD], tiny_contract())


def test_with_several_classes_one_has_to_be_named() -> None:
    with pytest.raises(PipelineError, match="several classes"):
        checked([GOOD], tiny_contract("multiclass"))
    assert checked([GOOD | {"of": "late"}], tiny_contract("multiclass"))
