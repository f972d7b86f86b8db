"""The short way accepts nothing but what the long way accepts, and makes the same columns of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.contract import Contract, Input, Output
from serving.errors import InvalidRows, Refusal
from serving.protocols import native
from serving.protocols.protocol import Message
from serving.rows.batch import Batch
from serving.rows.decoder import Decoder
from serving.rows.text import MOST_OBJECTS
from serving.rows.validate import Validator
from tests.serving.tiny import ROLES

MOST, LONGEST = 3, 4
SCALARS = (
    Input(name="plain", dtype="float32"),
    Input(name="a b", dtype="float64", nullable=True, range=(-1.5, 1e16)),
    Input(name="é", dtype="float32", nullable=True, range=(0.1, 16777216.0)),
    Input(name="whole", dtype="int64"),
    Input(name="hour", dtype="int64", range=(0.5, 23.0)),
    Input(name="yes", dtype="bool"),
    Input(name="text:", dtype="string"),
    Input(name="{", dtype="string", nullable=True),
    Input(name="kind", dtype="string", categories=("a", "", "é", "too long"), unseen="reject"),
    Input(name="maybe", dtype="string", nullable=True, categories=("a", "b:{"), unseen="reject"),
)
TENSORS = (
    Input(name="x", dtype="float32", range=(-1.0, 1.0)),
    Input(name="window", dtype="float32", shape=(2, 2), range=(-10.0, 10.0)),
    Input(name="counts", dtype="int64", shape=(2,)),
    Input(name="words", dtype="string", shape=(1,)),
)


def contract_of(*inputs: Input) -> Contract:
    return Contract(
        name="any",
        task="regression",
        inputs=inputs,
        outputs=(Output(name="score", dtype="float32"),),
        roles=ROLES,
    )


WAYS = {
    name: (
        contract_of(*inputs),
        Decoder(contract_of(*inputs), most=MOST, text_length=LONGEST),
        Validator(contract_of(*inputs), text_length=LONGEST),
    )
    for name, inputs in {"scalars": SCALARS, "tensors": TENSORS}.items()
}
NUMBERS = """0 -0 -0.0 1 7 22 23 24 0.5 0.1 1.5 -1.5 5.0 1e3 1E-7 1e400 -1e400 1e-400
    3.4028235e38 3.4028236e38 16777217 9007199254740993 9223372036854775807 9223372036854775808
    -9223372036854775808 -9223372036854775809 18446744073709551616 10000000000000001
    0.30000001192092896 123456789012345678901234567890 01 1. .5 +1 NaN Infinity -"""
TEXTS = r"""a b b:{ é \u00e9 too\u0020long abcd abcde 🙂🙂🙂🙂 \ud83d\ude42 \ud83d \udc00a
    \u0000 a\": : [{ \x"""
OTHERS = ["null", "true", "false", "[]", "{}", "[1]", '{"a": 1}', "[null]", '""', "nul", ""]
TOKENS = [*NUMBERS.split(), *(f'"{text}"' for text in TEXTS.split()), '"\t"', *OTHERS]
ANYTHING = st.sampled_from(TOKENS) | st.floats().map(json.dumps)


def fitting(spec: Input) -> st.SearchStrategy[str]:
    """Texts of values that `spec` allows."""
    if spec.shape:
        size, rest = spec.shape[0], spec.model_copy(update={"shape": spec.shape[1:]})
        parts = st.lists(fitting(rest), min_size=size, max_size=size)
        return parts.map(lambda values: f"[{', '.join(values)}]")
    if spec.dtype == "bool":
        values = st.sampled_from(["true", "false"])
    elif spec.dtype == "string":
        known = [text for text in spec.categories or () if len(text) <= LONGEST]
        words = st.sampled_from(known) if spec.unseen == "reject" else st.text(max_size=LONGEST)
        values = words.map(lambda word: json.dumps(word, ensure_ascii=len(word) % 2 == 0))
    else:
        low, high = spec.range or (-1e9, 1e9)
        whole = st.integers(int(low) + 1, min(int(high), 2**53)).map(str)
        real = st.floats(low, high, width=32 if abs(high) < 1e9 and low != 0.1 else 64).map(repr)
        values = whole if spec.dtype == "int64" else whole | real
    return values | st.just("null") if spec.nullable else values


@st.composite
def bodies(draw: st.DrawFn, inputs: tuple[Input, ...]) -> bytes:
    """Texts of requests; most are nearly right."""
    odd = draw(st.integers(0, 3))  # of the rows, how many are
    rows = []
    for number in range(draw(st.integers(1, MOST))):
        values = {spec.name: draw(fitting(spec)) for spec in inputs}
        pairs = [(json.dumps(name), value) for name, value in values.items()]
        if number < odd:
            pairs = draw(st.permutations(pairs)) if draw(st.booleans()) else pairs
            place = draw(st.integers(0, len(pairs) - 1))
            key, value = pairs[place]
            pairs[place : place + 1] = draw(
                st.sampled_from(
                    [
                        [(key, draw(ANYTHING))],
                        [],
                        [(key, value), (key, value)],
                        [(key, draw(ANYTHING)), (key, value)],
                        [(key, value), ('"other"', draw(ANYTHING))],
                        [(key + draw(st.sampled_from(["", " ", "\n", "\v"])), value)],
                        [('"\\u0078"', value)],
                    ]
                )
            )
        rows.append("{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}")
    head = draw(st.sampled_from(["", "", "", "\ufeff", " ", '"a": 1, ', '"instances": [], ']))
    before = head if head in ("\ufeff", " ") else ""
    inside = "" if before else head
    tail = draw(st.sampled_from(["", "", "", " ", "\0", ",", "}", ', "a": 1']))
    return f'{before}{{{inside}"instances": [{", ".join(rows)}]}}{tail}'.encode()


def long_way(name: str, body: bytes) -> Batch | None:
    contract, _, validator = WAYS[name]
    try:
        query = native.decode(Message(body, "", {}, {}), contract)
        if query.ignored or not 1 <= query.count <= MOST:
            return None
        batch = validator(query.rows or [])
    except (Refusal, InvalidRows):
        return None
    return None if batch.ignored else batch


def exact(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Bits, types and shapes."""
    return {
        name: (str(column.dtype), column.shape, column.tolist())
        if column.dtype == np.object_
        else (str(column.dtype), column.shape, column.tobytes())
        for name, column in columns.items()
    }


def check(name: str, body: bytes) -> bool:
    """Whether the short way takes it."""
    batch = WAYS[name][1](body, "instances")
    if batch is None:
        return False
    expected = long_way(name, body)
    assert expected is not None, "only the short way accepts it"
    assert exact(batch.columns) == exact(expected.columns)
    assert (batch.rows, batch.ignored) == (expected.rows, 0)
    return True


@pytest.mark.parametrize("name", WAYS)
def test_rows_that_fit_are_taken(name: str) -> None:
    contract = WAYS[name][0]

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        row = {spec.name: json.loads(data.draw(fitting(spec))) for spec in contract.inputs}
        body = json.dumps({"instances": [row, row]}).encode()
        assert long_way(name, body) is not None
        assert check(name, body) or body.count(b":") > 1 + 2 * len(row)

    run()


@pytest.mark.parametrize("name", WAYS)
def test_nothing_else_is_taken(name: str) -> None:
    @settings(max_examples=400, deadline=None)
    @given(bodies(WAYS[name][0].inputs))
    def run(body: bytes) -> None:
        check(name, body)

    run()


@pytest.mark.parametrize("name", WAYS)
def test_damaged_texts_are_not_taken_for_others(name: str) -> None:
    values = {"float32": 0.5, "float64": 0.5, "int64": 7, "bool": True, "string": "a"}

    def value(spec: Input) -> Any:
        found: Any = values[spec.dtype]
        for size in reversed(spec.shape):
            found = [found] * size
        return found

    row = {spec.name: value(spec) for spec in WAYS[name][0].inputs}
    valid = json.dumps({"instances": [row]}).encode()
    assert long_way(name, valid) is not None

    @settings(max_examples=300, deadline=None)
    @given(
        st.sampled_from([*TOKENS, *'{}[],:" \\']).map(str.encode) | st.binary(max_size=3),
        st.integers(0, len(valid)),
        st.integers(0, 8),
    )
    @example(b"\xef\xbb\xbf", 0, 0)
    @example(b"\xed\xa0\x80", valid.index(b'"a"') + 1, 0)
    def run(noise: bytes, start: int, length: int) -> None:
        check(name, valid[:start] + noise + valid[start + length :])

    run()


@pytest.mark.parametrize(
    ("rows", "taken"), [(0, False), (1, True), (MOST, True), (MOST + 1, False)]
)
def test_limits_of_rows_are_those_of_the_long_way(rows: int, taken: bool) -> None:
    row = {"x": 0.5}
    decoder = Decoder(contract_of(TENSORS[0]), most=MOST, text_length=LONGEST)
    body = json.dumps({"instances": [row] * rows}).encode()
    assert (decoder(body, "instances") is not None) == taken


def test_a_bomb_of_objects_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Decoder(contract_of(TENSORS[0]), most=10**9, text_length=LONGEST)
    decode = decoder._decoder("instances")
    asked: list[int] = []
    decoder._decoders["instances"] = lambda body: asked.append(len(body)) or decode(body)
    row = b'{"x":1},'
    for rows in (MOST_OBJECTS - 1, MOST_OBJECTS):
        decoder(b'{"instances":[' + (row * rows)[:-1] + b"]}", "instances")
    assert len(asked) == 1


def test_deep_nesting_ends_without_harm() -> None:
    deep = b'{"instances":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    for way in ("scalars", "tensors"):
        assert not check(way, deep)


def test_a_graph_that_wants_vectors_gets_slices_of_the_blocks() -> None:
    contract = contract_of(Input(name="a", dtype="float32"), Input(name="b", dtype="float32"))
    decoder = Decoder(contract, most=2, text_length=1, vectors=frozenset("ab"))
    batch = decoder(b'{"instances":[{"a":1,"b":2},{"a":3,"b":4}]}', "instances")
    assert batch is not None
    assert batch.blocks is not None
    assert batch.columns["b"].tolist() == [[2.0], [4.0]]
    assert all(np.shares_memory(column, batch.blocks[0]) for column in batch.columns.values())


def test_inputs_that_have_no_type_are_left_to_the_long_way() -> None:
    for spec in (
        Input(name="a", dtype="string", unseen="reject"),
        Input(name="a", dtype="float32", shape=(0,)),
        Input(name='a"', dtype="float32"),
    ):
        decoder = Decoder(contract_of(spec), most=2, text_length=9)
        assert decoder(b'{"instances":[{"a":[]}]}', "instances") is None
