"""What the service raises on purpose, and what a client learns of it.

    ServingError
    ├── AnswerError           the answer is a refusal: `status`, and the message for the client
    │   ├── Denied            by the guard: 400, 401, 403, 408, 413, 429, 431, 503 or 504
    │   └── Refusal           by a route: 404, 415, 422 or 503, with the problems of its rows
    ├── InvalidRows           the rows do not fit the contract; a route refuses them with 422
    ├── ScoreError            500: the model failed on rows that its contract allows
    └── UnreachableError      the issuer of tokens gave no keys; the guard uses those it knows

`serving.strict.DocumentError` is about the files and settings of an instance: it ends the start.
Starlette raises its HTTPException for paths and methods that are not there. Any other exception
is a bug: the log has the trace, and the client gets 500.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that cannot be used. `row` is its index in the request; `reason` is for counting:
    missing, type, range, category or length."""

    row: int
    field: str | None
    value: str
    expected: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """What a client is shown."""
        shown = asdict(self)
        del shown["reason"]
        return shown


class ServingError(Exception):
    """The root of all deliberate errors of the service."""


class AnswerError(ServingError):
    """A request that is answered with a refusal, and its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Denied(AnswerError):  # noqa: N818 - an answer to a client, not a fault of the service
    """A request that the guard does not let through."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.headers = dict(headers or {})


class Refusal(AnswerError):  # noqa: N818 - as above
    """A request that cannot be answered."""

    def __init__(self, status: int, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(status, message)
        self.problems = tuple(problems)


class InvalidRows(ServingError):  # noqa: N818 - it reads as what it is: the rows are invalid
    """The rows do not fit the contract; `problems` holds the first MAX_PROBLEMS by row."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = problems[0]
        where = f"row {first.row}" + (f", {first.field}" if first.field else "")
        more = " (one of several problems)" if len(problems) > 1 else ""
        super().__init__(f"{where}: found {first.value}, expected {first.expected}{more}")


class ScoreError(ServingError):
    """The model failed on rows that its contract allows: a fault of the model."""


class UnreachableError(ServingError):
    """The issuer of tokens did not answer with keys."""
