"""The refusals of the guard."""

from __future__ import annotations

from serving.errors import Denied


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


def headers_too_large(size: int, count: int) -> Denied:
    return Denied(431, f"the headers are more than {count} or longer than {size:,} bytes")


def headers_late(seconds: float) -> Denied:
    return Denied(408, f"the headers did not arrive within {seconds:g} s")


def malformed() -> Denied:
    return Denied(400, "this is not HTTP/1.1")


def too_many(whence: str) -> Denied:
    return Denied(503, f"too many connections{whence}; close some, or come again later")
