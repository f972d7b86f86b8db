"""JSON bodies, and the ways to write rows that several protocols share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson

from serving.contract import Contract
from serving.errors import Refusal
from serving.predict.predictor import Query
from serving.protocols.repeated import refuse_repeated
from serving.rows.column import Values
from serving.rows.text import is_bomb

# A string is consumed whole, so that no NaN is found in it; without its end too, and without
# ever going back, so that a long one costs no more than its length.
_STRING_OR_NAN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|NaN', re.DOTALL)


def strict(body: bytes) -> Any:
    """A JSON document; Refusal 400, or 413 before it takes a hundred times its size to parse."""
    if is_bomb(body):
        raise Refusal(413, "the body has more objects or lists than rows could need; send fewer")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from error
    refuse_repeated(body, document)
    return document


def lenient(body: bytes) -> Any:
    """A JSON document in which NaN, that Python and pandas write, is null; Refusal 400."""
    return strict(_STRING_OR_NAN.sub(_null, body) if b"NaN" in body else body)


def _null(match: re.Match[bytes]) -> bytes:
    return b"null" if match[0] == b"NaN" else match[0]


def mapping(document: Any, expected: str) -> dict[str, Any]:
    """`document`, an object; Refusal 422 that says what was `expected`."""
    if type(document) is not dict:
        raise Refusal(422, f"the body must be an object: {expected}")
    return document


def instances(value: Any, contract: Contract, key: str = "instances") -> Query:
    """Row by row: a list of objects, or of bare values where the model has one input."""
    if type(value) is not list:
        _refuse(key, "a list of rows")
    if len(contract.inputs) == 1 and value and not all(type(row) is dict for row in value):
        name = contract.inputs[0].name
        value = [row if type(row) is dict else {name: row} for row in value]
    return Query(len(value), rows=value)


def inputs(value: Any, contract: Contract, key: str = "inputs") -> Query:
    """Column by column: an object of lists, or one list where the model has one input."""
    if type(value) is list and len(contract.inputs) == 1:
        value = {contract.inputs[0].name: value}
    if type(value) is not dict or not value:
        _refuse(key, "an object of input: list of values")
    for name, values in value.items():
        if type(values) is not list:
            _refuse(key, f"a list of values for {name[:60]!r}")
    return columns(value, key)


def columns(value: Mapping[str, Values], key: str) -> Query:
    """Columns that are equally long; Refusal 422."""
    counts = {len(values) for values in value.values()}
    if len(counts) != 1:
        shown = ", ".join(map(str, sorted(counts)[:5])) or "none"
        raise Refusal(422, f'the columns of "{key}" must be equally long, found {shown}')
    return Query(counts.pop(), columns=value)


def _refuse(key: str, expected: str) -> NoReturn:
    raise Refusal(422, f'"{key}" must be {expected}')
