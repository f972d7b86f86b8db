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
