"""Tensors of the Open Inference Protocol v2 ↔ columns."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from serving.contract import Contract, Input
from serving.errors import Refusal
from serving.rows.column import Array, Values

# Little-endian, as the binary extension has them whatever the machine.
_NUMBERS: Mapping[str, np.dtype[Any]] = {
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
}
_NAMES: Mapping[str, str] = {
    "float32": "FP32",
    "float64": "FP64",
    "int64": "INT64",
    "bool": "BOOL",
    "string": "BYTES",
}
_LENGTH = struct.Struct("<I")
_PLAIN: Mapping[str, frozenset[type]] = {"BOOL": frozenset({bool}), "BYTES": frozenset({str})}


def describe(name: str, dtype: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """The metadata of a tensor; -1 is the number of rows."""
    return {"name": name, "datatype": _NAMES[dtype], "shape": [-1, *shape]}


def score_shape(contract: Contract) -> tuple[int, ...]:
    """The shape of one row's score."""
    return (len(contract.classes or ()),) if contract.task == "multiclass" else ()


def read(
    given: list[dict[str, Any]], blob: memoryview, contract: Contract
) -> tuple[dict[str, Values], int]:
    """The columns of a request and the number of its rows. Binary tensors are in `blob`, one
    after the other. Unknown ones are kept, to be counted.

    Raises:
        Refusal: 422, naming the tensor.
    """
    specs = {spec.name: spec for spec in contract.inputs}
    columns: dict[str, Values] = {}
    counts: set[int] = set()
    for tensor in given:
        name, size = _text(tensor, "name"), _size(tensor)
        if size is not None and size > len(blob):
            raise Refusal(422, f"input {name!r} should have {size} bytes, {len(blob)} are left")
        raw, blob = (None, blob) if size is None else (blob[:size], blob[size:])
        if name in columns:
            raise Refusal(422, f"input {name!r} is there twice")
        shape = _shape(tensor, name)
        counts.add(shape[0])
        spec = specs.get(name)
        columns[name] = [] if spec is None else _Reader(spec, shape, tensor).values(raw)
    if len(blob):
        raise Refusal(422, f"{len(blob)} bytes behind the request belong to no input")
    if len(counts) > 1:
        raise Refusal(422, f"inputs differ in their number of rows: {sorted(counts)[:5]}")
    return columns, counts.pop() if counts else 0


def write(name: str, values: Array | list[str] | None, blobs: list[bytes] | None) -> dict[str, Any]:
    """An output tensor; its bytes are appended to `blobs`, or in its JSON where that is None."""
    if isinstance(values, np.ndarray):
        tensor: dict[str, Any] = {"name": name, "datatype": "FP32", "shape": list(values.shape)}
        data: Any = values.reshape(-1)
        raw = b"" if blobs is None else values.astype("<f4", copy=False).tobytes()
    else:
        data = values or []
        tensor = {"name": name, "datatype": "BYTES", "shape": [len(data)]}
        raw = b"" if blobs is None else b"".join(map(_prefixed, data))
    if blobs is None:
        tensor["data"] = data
    else:
        tensor["parameters"] = {"binary_data_size": len(raw)}
        blobs.append(raw)
    return tensor


def _prefixed(text: str) -> bytes:
    encoded = text.encode()
    return _LENGTH.pack(len(encoded)) + encoded


class _Reader:
    """One tensor of a request for the input `spec`."""

    def __init__(self, spec: Input, shape: tuple[int, ...], tensor: dict[str, Any]) -> None:
        self.spec = spec
        self.shape = shape
        self.tensor = tensor
        self.datatype = _text(tensor, "datatype")
        expected = _NAMES[spec.dtype]
        number = self.datatype in _NUMBERS and expected in _NUMBERS
        if self.datatype != expected and not number:
            raise self._refusal(f"is {self.datatype[:20]}, expected {expected}")
        if shape[1:] != spec.shape and not (spec.shape == () and shape[1:] == (1,)):
            expected = ", ".join(["rows", *map(str, spec.shape)])
            raise self._refusal(f"is {str(list(shape))[:60]}, expected [{expected}]")

    def values(self, raw: memoryview | None) -> Values:
        """One value per row: an array, or a list that may hold anything."""
        if raw is not None:
            if "data" in self.tensor:
                raise self._refusal("has data both in JSON and in bytes")
            return self._shaped(self._from_bytes(raw))
        flat = self._flat(self.tensor.get("data"))
        return self._shaped(self._array(flat)) if self.spec.shape else flat

    def _shaped(self, array: Array) -> Array:
        return array.reshape(self.shape[0], *self.spec.shape)

    def _flat(self, data: Any) -> list[Any]:
        """The values in row-major order, from a flat or a nested list."""
        size = math.prod(self.shape)
        if not isinstance(data, list):
            raise self._refusal('needs "data", a list')
        for length in self.shape[1:]:
            if not data or type(data[0]) is not list:
                break
            if any(type(part) is not list or len(part) != length for part in data):
                raise self._refusal(f"has data that do not fit its shape {list(self.shape)}")
            data = [value for part in data for value in part]
        if len(data) != size:
            raise self._refusal(f"has {len(data)} values, its shape says {size}")
        return list(data)

    def _array(self, flat: list[Any]) -> Array:
        plain = _PLAIN.get(self.datatype, {int, float})
        if not plain.issuperset(map(type, flat)):
            raise self._refusal(f"has values that are not {self.datatype}")
        if self.datatype in _PLAIN:
            return np.array(flat, np.bool_ if self.datatype == "BOOL" else np.object_)
        try:
            return np.array(flat, np.float64 if self.spec.dtype != "int64" else None)
        except OverflowError as error:
            raise self._refusal(f"has values that are not {self.datatype}") from error

    def _from_bytes(self, raw: memoryview) -> Array:
        if self.datatype == "BYTES":
            return self._strings(raw)
        dtype = _NUMBERS.get(self.datatype, np.dtype(np.uint8))
        if len(raw) != math.prod(self.shape) * dtype.itemsize:
            raise self._refusal(f"has {len(raw)} bytes, which is not its shape {list(self.shape)}")
        array = np.frombuffer(raw, dtype)
        return array if self.datatype != "BOOL" else self._truth(array)

    def _truth(self, array: Array) -> Array:
        if bool((array > 1).any()):
            raise self._refusal("has bytes that are neither 0 nor 1")
        return array.astype(np.bool_)

    def _strings(self, raw: memoryview) -> Array:
        texts: list[str] = []
        position = 0
        while position < len(raw):
            if len(raw) - position < _LENGTH.size:
                raise self._refusal("ends inside of a length")
            (length,) = _LENGTH.unpack_from(raw, position)
            position += _LENGTH.size
            if length > len(raw) - position:
                raise self._refusal("ends inside of a string")
            try:
                texts.append(str(raw[position : position + length], "utf-8"))
            except UnicodeDecodeError as error:
                raise self._refusal("has a string that is not UTF-8") from error
            position += length
        if len(texts) != math.prod(self.shape):
            raise self._refusal(f"has {len(texts)} strings, which is not {list(self.shape)}")
        return np.array(texts, np.object_)

    def _refusal(self, what: str) -> Refusal:
        return Refusal(422, f"input {self.spec.name!r} {what}")


def _text(tensor: dict[str, Any], key: str) -> str:
    value = tensor.get(key)
    if type(value) is not str:
        raise Refusal(422, f'an input needs "{key}", a string')
    return value


def _shape(tensor: dict[str, Any], name: str) -> tuple[int, ...]:
    shape = tensor.get("shape")
    if type(shape) is not list or not shape or not all(type(n) is int and n >= 0 for n in shape):
        raise Refusal(422, f'input {name[:60]!r} needs "shape", a list of sizes')
    return tuple(shape)


def _size(tensor: dict[str, Any]) -> int | None:
    """How many bytes of the body are this tensor's; None if it is in the JSON."""
    parameters = tensor.get("parameters", {})
    size = parameters.get("binary_data_size") if type(parameters) is dict else -1
    if size is not None and (type(size) is not int or size < 0):
        raise Refusal(422, 'an input\'s "parameters" or its "binary_data_size" is malformed')
    return size
