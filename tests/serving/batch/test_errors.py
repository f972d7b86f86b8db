"""The exit codes are those of every command of `delivery`."""

from __future__ import annotations

import errno
import gzip
import pickle

import pyarrow as pa
import pytest
from fsspec.exceptions import FSTimeoutError

from delivery.errors import HeldError, InputError, OutsideError, RefusedError
from serving.batch.errors import (
    BadInput,
    BatchError,
    Failed,
    Held,
    Refused,
    explained,
    is_of_a_store,
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(BadInput, InputError), (Refused, RefusedError), (Held, HeldError), (Failed, OutsideError)],
)
def test_codes(ours: type[BatchError], theirs: type[Exception]) -> None:
    assert ours.exit_code == theirs.exit_code  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(ours("what and where")))  # processes send them
    assert (type(again), str(again)) == (ours, "what and where")


class NoCredentialsError(Exception):
    """As S3's driver has it: no OSError."""


NoCredentialsError.__module__ = "botocore.exceptions"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_named(code: int) -> None:
    with (
        pytest.raises(Failed, match=r"^out/x: no room left.*what is done is kept"),
        explained("out/x"),
    ):
        raise OSError(code, "full")


def test_another_failure_is_told_as_it_is() -> None:
    with pytest.raises(Failed, match=r"^out: .*Input/output error"), explained("out"):
        raise OSError(errno.EIO, "Input/output error")
    with pytest.raises(Failed, match=r"^out: TimeoutError\. What is done"), explained("out"):
        raise TimeoutError


@pytest.mark.parametrize("refusal", [PermissionError("Forbidden"), NoCredentialsError("none")])
def test_who_is_refused_hears_of_credentials(refusal: Exception) -> None:
    with pytest.raises(Failed, match=r"^out: access is refused: .*credentials"), explained("out"):
        raise refusal


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(KeyError), explained("out"):
        raise KeyError("x")
    with pytest.raises(BadInput), explained("out"):
        raise BadInput("x")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EBUSY, "slow down"), True),
        (FileNotFoundError("The specified bucket does not exist"), True),
        (FSTimeoutError(), True),
        (NoCredentialsError("none"), True),
        (OSError("Corrupt snappy compressed data"), False),
        (gzip.BadGzipFile("Not a gzipped file"), False),
        (pa.ArrowInvalid("no footer"), False),
    ],
)
def test_a_store_fails_otherwise_than_bytes_do(error: Exception, expected: bool) -> None:
    assert is_of_a_store(error) is expected
