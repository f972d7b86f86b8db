"""What ends a job on purpose. The exit codes are those of every command of `delivery`.

    BatchError
    ├── BadInput     2   a file, an address or an option is not as it must be
    ├── Refused      3   more rows than allowed do not fit the contract
    ├── Held         4   the results are there, and somebody has to look before they are published
    └── Failed       5   a disk, a store or the model failed

A message says what was found, where, what was expected, and what to do next.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
AWAY = (ConnectionError, FileNotFoundError, PermissionError, TimeoutError)
DRIVERS = ("aiohttp", "azure", "botocore", "gcsfs", "google")  # whose errors are a store's
AGAIN = "What is done is kept; run the same command again"


class BatchError(Exception):
    """The root of them."""

    exit_code = 1


class BadInput(BatchError):  # noqa: N818 - as in serving.errors: it reads as what it is
    exit_code = 2


class Refused(BatchError):  # noqa: N818
    exit_code = 3


class Held(BatchError):  # noqa: N818
    exit_code = 4


class Failed(BatchError):  # noqa: N818
    exit_code = 5


@contextmanager
def explained(where: str) -> Iterator[None]:
    """What a disk or a store says, as Failed with the place and what to do."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError) and not is_of_a_store(error):
            raise
        raise failed(where, error) from error


def failed(where: str, error: Exception) -> Failed:
    """What a disk or a store said, with the place and what to do."""
    if isinstance(error, OSError) and error.errno in FULL:
        return Failed(
            f"{where}: no room left. Make room and run the same command again: what is done is kept"
        )
    if isinstance(error, PermissionError) or "Credential" in type(error).__name__:
        return Failed(
            f"{where}: access is refused: {error}. Give the job credentials that may list, read "
            f"and write there. {AGAIN}"
        )
    return Failed(f"{where}: {str(error) or type(error).__name__}. {AGAIN}")


def is_of_a_store(error: Exception) -> bool:
    """Whether a disk or a store failed, and not the bytes that it gave: what unpacks and decodes
    them raises an OSError without a number, and none of AWAY."""
    if isinstance(error, OSError):
        return error.errno is not None or isinstance(error, AWAY)
    return type(error).__module__.partition(".")[0] in DRIVERS
