"""What loading would call something is a pickle; text and harmless values are none."""

from __future__ import annotations

import io
import pickle

import pytest

from serving.model.opcodes import is_pickle


class Call:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("called",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_calls_is_seen_in_every_protocol(protocol: int) -> None:
    content = pickle.dumps(Call(), protocol)
    assert is_pickle(io.BytesIO(content), magic=False)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_the_head_of_newer_protocols_is_enough_where_magic_counts(protocol: int) -> None:
    content = pickle.dumps([1, 2], protocol)
    assert is_pickle(io.BytesIO(content), magic=True)
    assert not is_pickle(io.BytesIO(content), magic=False)


@pytest.mark.parametrize("content", [b"", b"class X:\n    pass\n", b'{"a": 1}', b"\x00" * 100])
def test_other_bytes_are_none(content: bytes) -> None:
    assert not is_pickle(io.BytesIO(content), magic=False)


def test_a_pickle_that_is_cut_before_its_call_is_none() -> None:
    content = pickle.dumps(Call(), 0)
    assert not is_pickle(io.BytesIO(content[:5]), magic=False)
