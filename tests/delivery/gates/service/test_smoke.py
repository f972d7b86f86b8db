"""What runs must be what was released."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.gates.service.smoke import Evidence, judge

FILES = {"model.onnx": "a" * 64, "contract.json": "b" * 64}


def verdict(**answer: Any) -> tuple[str, str]:
    found = judge(Evidence("r-1", FILES, {"release": "r-1", "files": dict(FILES), **answer}))
    return found.status, found.why


def test_the_released_bytes_under_their_name_pass() -> None:
    assert verdict()[0] == "pass"
    assert verdict(name="tiny", task="binary")[0] == "pass"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"release": "r-2"}, "it is release r-2"),
        ({"release": "unreleased"}, "it is release unreleased"),
        ({"files": FILES | {"model.onnx": "c" * 64}}, "model.onnx has hash cccccccccccc…"),
        ({"files": {"model.onnx": "a" * 64}}, "contract.json is not loaded"),
        ({"files": FILES | {"extra.pkl": "d" * 64}}, "extra.pkl was not released"),
    ],
)
def test_another_name_or_other_bytes_fail(answer: dict[str, Any], text: str) -> None:
    status, why = verdict(**answer)
    assert status == "fail"
    assert text in why


@pytest.mark.parametrize("answer", [{"files": None}, {"release": None}])
def test_an_answer_with_a_part_missing_holds(answer: dict[str, Any]) -> None:
    assert verdict(**answer)[0] == "hold"


def test_no_answer_and_nothing_to_compare_hold() -> None:
    assert judge(Evidence("r-1", FILES, None, "no route")).why == "no route"
    empty = Evidence("r-1", {}, {"release": "r-1", "files": {}})
    assert judge(empty).status == "hold"
