"""The guard's refusals carry what a client needs to do better."""

from __future__ import annotations

import pytest

from serving.errors import Denied
from serving.guard.denials import forbidden, too_large, too_often, unauthorized


@pytest.mark.parametrize(
    ("denied", "status", "headers", "words"),
    [
        (unauthorized("who?"), 401, {"WWW-Authenticate": "Bearer"}, "who?"),
        (
            forbidden("no"),
            403,
            {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            "no",
        ),
        (too_often(7), 429, {"Retry-After": "7"}, "ask again in 7 s"),
        (too_large(1_000), 413, {"Connection": "close"}, "larger than 1,000 bytes"),
    ],
)
def test_a_refusal_names_the_remedy(
    denied: Denied, status: int, headers: dict[str, str], words: str
) -> None:
    assert (denied.status, denied.headers) == (status, headers)
    assert words in str(denied)
