"""Tensors come in JSON or as bytes with the same values, and go back the same way."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from serving.errors import Refusal
from serving.protocols.tensors import describe, read, score_shape, write
from tests.serving.tiny import tiny_contract

CONTRACT = tiny_contract()


def one(name: str, datatype: str, data: Any, *, binary: bytes | None = None) -> Any:
    """The values of a single tensor with one row, in JSON or as bytes."""
    tensor: dict[str, Any] = {"name": name, "datatype": datatype, "shape": [1]}
    if binary is None:
        tensor["data"] = data
    else:
        tensor["parameters"] = {"binary_data_size": len(binary)}
    columns, rows = read([tensor], memoryview(binary or b""), CONTRACT)
    assert rows == 1
    return np.asarray(columns[name]).tolist()


@pytest.mark.parametrize(
    ("name", "datatype", "value", "binary"),
    [
        ("distance", "FP32", 0.5, struct.pack("<f", 0.5)),
        ("distance", "FP16", 0.5, np.array([0.5], "<f2").tobytes()),
        ("hour", "INT64", 9, struct.pack("<q", 9)),
        ("hour", "UINT8", 9, b"\x09"),
        ("weekend", "BOOL", True, b"\x01"),
        ("carrier", "BYTES", "UÄ", struct.pack("<I", 3) + "UÄ".encode()),
    ],
)
def test_json_and_bytes_have_the_same_values(
    name: str, datatype: str, value: Any, binary: bytes
) -> None:
    assert one(name, datatype, [value]) == one(name, datatype, None, binary=binary) == [value]


@pytest.mark.parametrize(
    ("name", "datatype", "binary", "message"),
    [
        ("weekend", "BOOL", b"\x02", "neither 0 nor 1"),
        ("hour", "INT64", b"\x00" * 7, "has 7 bytes"),
        ("carrier", "BYTES", b"\x01", "ends inside of a length"),
        ("carrier", "BYTES", struct.pack("<I", 5) + b"UA", "ends inside of a string"),
        ("carrier", "BYTES", struct.pack("<I", 1) + b"\xff", "not UTF-8"),
        ("carrier", "BYTES", struct.pack("<II", 0, 0), "has 2 strings"),
    ],
)
def test_bytes_that_do_not_fit_are_refused(
    name: str, datatype: str, binary: bytes, message: str
) -> None:
    with pytest.raises(Refusal, match=message):
        one(name, datatype, None, binary=binary)


def test_what_is_written_as_bytes_is_the_scores_float32() -> None:
    scores = np.array([[0.1, 0.9], [0.7, 0.3]], np.float32)
    blobs: list[bytes] = []
    tensor = write("score", scores, blobs)
    assert tensor["shape"] == [2, 2]
    assert tensor["parameters"] == {"binary_data_size": 16}
    assert blobs == [scores.tobytes()]
    assert write("score", scores, None)["data"].tolist() == scores.reshape(-1).tolist()


def test_labels_are_written_with_their_lengths() -> None:
    blobs: list[bytes] = []
    assert write("decision", ["a", "bc"], blobs)["datatype"] == "BYTES"
    assert blobs == [struct.pack("<I", 1) + b"a" + struct.pack("<I", 2) + b"bc"]


def test_metadata_have_the_contracts_types_and_shapes() -> None:
    assert describe("x", "int64", (3,)) == {"name": "x", "datatype": "INT64", "shape": [-1, 3]}
    assert score_shape(tiny_contract("multiclass")) == (3,)
    assert score_shape(CONTRACT) == ()
