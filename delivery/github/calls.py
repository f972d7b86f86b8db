"""A request that is sent until it is done, hopeless, or patience ends."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from delivery.github.errors import GithubError, refusal
from delivery.github.retry import Patience

Adopt = Callable[[], Any | None]


class FailedError(Exception):
    """An answer of 400 and above."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Call:
    """How to send a request; raises FailedError or httpx.RequestError.

    A POST that may have been carried out is sent again only if `adopt` finds nothing of it.
    """

    method: str
    path: str
    send: Callable[[], Any]
    adopt: Adopt | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    error: GithubError
    cause: Exception
    wait: float | None  # seconds; None: asking again changes nothing
    unsure: bool  # may have been carried out


def carry_out(call: Call, patience: Patience) -> Any:
    """What `send` returns in the end, or what `adopt` finds. Raises GithubError."""
    deadline = patience.clock() + patience.seconds
    for tried in itertools.count(1):
        try:
            return call.send()
        except (FailedError, httpx.RequestError) as cause:
            failure = _failure(call, cause, patience, tried)
        unsure = failure.unsure and call.method == "POST"
        if failure.wait is None or (unsure and call.adopt is None):
            raise failure.error from failure.cause
        last = tried >= patience.tries or patience.clock() + failure.wait > deadline
        if not last:
            patience.sleep(failure.wait)
        existing = call.adopt() if unsure and call.adopt else None
        if existing is not None:
            return existing
        if last:
            raise failure.error from failure.cause
    raise AssertionError("unreachable: the loop has no end")


def _failure(call: Call, cause: Exception, patience: Patience, tried: int) -> _Failure:
    if isinstance(cause, FailedError):
        answer = cause.answer
        error = refusal(call.method, call.path, answer)
        return _Failure(error, cause, patience.after(answer, tried), answer.status_code >= 500)
    error = GithubError(
        f"GitHub did not answer {call.method} {call.path}: {type(cause).__name__} ({cause}). "
        "Check the network and GITHUB_API_URL, and run the command again."
    )
    sent = not isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout)
    return _Failure(error, cause, patience.backoff(tried), sent)
