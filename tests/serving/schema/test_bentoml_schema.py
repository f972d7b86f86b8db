"""BentoML's clients find the calls of a service, with the fields of its contract."""

from __future__ import annotations

from serving.schema.bentoml_schema import schema
from tests.serving.tiny import WEIGHTS, tiny_contract


def test_every_call_has_its_route_and_one_argument() -> None:
    document = schema(tiny_contract())
    assert document["name"] == "tiny"
    calls = {
        call["name"]: (call["route"], call["input"]["required"]) for call in document["routes"]
    }
    assert calls == {
        "predict": ("/predict", ["instances"]),
        "explain": ("/explain", ["instances"]),
        "feedback": ("/feedback", ["feedback"]),
    }


def test_rows_have_the_fields_of_the_contract() -> None:
    predict = schema(tiny_contract())["routes"][0]
    row = predict["input"]["properties"]["instances"]["items"]
    assert set(row["properties"]) == set(WEIGHTS)
