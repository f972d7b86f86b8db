"""The contract is inferred from data, parameters and the model itself."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from pipeline.data.io import MODEL, read_part
from serving.contract import CONTRACT, read_contract
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]


def test_the_contract_says_what_the_data_and_params_say(workspace: Make) -> None:
    place = workspace("regression")
    reason = {"known_before": "asked at the door"}
    known = {"unit": "years", "range": [0, 120], "nullable": False, "sensitive": True, **reason}
    place.run(prepare__columns__age=known)
    contract = read_contract(MODEL)
    assert {spec.name: spec.known_before for spec in contract.inputs if spec.known_before} == {
        "age": "asked at the door"
    }
    written = (MODEL / CONTRACT).read_text()
    assert written.count("known_before") == 1, "a contract of before keeps its bytes"
    inputs = {spec.name: spec for spec in contract.inputs}
    assert (inputs["age"].unit, inputs["age"].range) == ("years", (0, 120))
    assert (inputs["bmi"].nullable, inputs["age"].nullable) == (True, False)
    assert [spec.name for spec in contract.inputs if spec.sensitive] == ["age"]
    assert inputs["sex"].nullable
    assert inputs["sex"].categories == ("one", "two")
    assert inputs["sex"].unseen == "accept"
    assert inputs["blood pressure"].dtype == "float32"
    histogram = inputs["bmi"].histogram
    rows = pd.concat([read_part("train"), read_part("validation")])  # refit saw both
    assert histogram is not None
    assert sum(histogram.counts) + histogram.missing == len(rows)
    assert histogram.missing == rows["bmi"].isna().sum()
    assert (contract.task, contract.classes, contract.trained_until) == ("regression", None, None)


def test_classes_threshold_and_time_are_in_the_contract(workspace: Make) -> None:
    workspace("temporal").run(evaluate__threshold=0.4)
    contract = read_contract(MODEL)
    assert contract.classes == ("no", "yes")
    assert contract.threshold == 0.4
    assert contract.trained_until == "2024-05-30"  # validation is May; the gap takes a day
    assert contract.roles.segments == ("shop",)


def test_a_category_is_rejected_where_the_model_cannot_cope(workspace: Make) -> None:
    """The model itself is asked, so that a category seen only in the holdout is defined."""
    place = workspace("temporal")
    file = place.path / "model" / "__init__.py"
    place.write_model(file.read_text().replace('handle_unknown="ignore"', 'handle_unknown="error"'))
    place.run()
    inputs = {spec.name: spec for spec in read_contract(MODEL).inputs}
    assert inputs["shop"].unseen == "reject"
