"""What the guard answers instead of the service."""

from __future__ import annotations

from collections.abc import Mapping


class Denied(Exception):  # noqa: N818 - an answer to a client, not a fault of the service
    """A request that is not let through, with its HTTP status and headers."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


def unauthorized(message: str) -> Denied:
    return Denied(401, message, {"WWW-Authenticate": "Bearer"})


def forbidden(message: str) -> Denied:
    return Denied(403, message, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})


def too_often(seconds: int) -> Denied:
    return Denied(
        429, f"too many requests; ask again in {seconds} s", {"Retry-After": f"{seconds}"}
    )


def too_large(limit: int) -> Denied:
    return Denied(
        413, f"the body is larger than {limit:,} bytes; send fewer rows", {"Connection": "close"}
    )
