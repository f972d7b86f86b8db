"""The exit codes are those of every command of `delivery`."""

from __future__ import annotations

import pickle

import pytest

from delivery.errors import HeldError, InputError, OutsideError, RefusedError
from serving.batch.errors import BadInput, BatchError, Failed, Held, Refused


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(BadInput, InputError), (Refused, RefusedError), (Held, HeldError), (Failed, OutsideError)],
)
def test_codes(ours: type[BatchError], theirs: type[Exception]) -> None:
    assert ours.exit_code == theirs.exit_code  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(ours("what and where")))  # processes send them
    assert (type(again), str(again)) == (ours, "what and where")
