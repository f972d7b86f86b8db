"""What ends a job on purpose. The exit codes are those of every command of `delivery`.

    BatchError
    ├── BadInput     2   a file, an address or an option is not as it must be
    ├── Refused      3   more rows than allowed do not fit the contract
    ├── Held         4   the results are there, and somebody has to look before they are published
    └── Failed       5   a disk, a store or the model failed

A message says what was found, where, what was expected, and what to do next.
"""

from __future__ import annotations


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
