"""Ask servers on this machine how they are."""

from __future__ import annotations

import httpx

TIMEOUT = 5.0  # s: a busy worker answers late


def local_client() -> httpx.Client:
    """A client for 127.0.0.1: no proxy, and a new connection for each request, so that every
    answer comes from whatever is there now."""
    # Loading certificates takes 30 ms, and plain HTTP has none.
    return httpx.Client(
        trust_env=False,
        verify=False,  # nosec B501 - this machine alone, over plain HTTP
        timeout=TIMEOUT,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def is_ready(client: httpx.Client, url: str, *, timeout: float = TIMEOUT) -> bool:
    """Does a bento say within `timeout` seconds that it is ready?"""
    try:
        return client.get(f"{url}/readyz", timeout=timeout).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
