"""What an address lets a client speak: evidence about TLS for the gate security."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

TIMEOUT = 5.0  # seconds
OLD = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}
ANYTHING = "ALL:@SECLEVEL=0"  # whatever this machine's OpenSSL still can, or it would refuse first
PLAIN = "plain HTTP"


def taken(url: str) -> Mapping[str, bool] | None:
    """Way to speak that nobody should use any more → was it answered? None for an http:// address.

    A version that this machine's OpenSSL cannot speak counts as not answered.
    """
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None
    place = parts.hostname or "", parts.port or 443
    return {PLAIN: _plain(place)} | {name: _handshake(place, OLD[name]) for name in OLD}


def _plain(place: tuple[str, int]) -> bool:
    """Is a request without TLS answered by anything but a refusal or a way to https?"""
    request = f"GET /release HTTP/1.1\r\nHost: {place[0]}\r\nConnection: close\r\n\r\n"
    answer = b""
    with suppress(OSError), socket.create_connection(place, TIMEOUT) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(64)
    return answer.startswith(b"HTTP/") and answer.split(b" ", 2)[1][:1] == b"2"


def _handshake(place: tuple[str, int], version: ssl.TLSVersion) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # nothing is sent: only whether it would speak so is asked
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(ANYTHING)
    try:
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(place, TIMEOUT) as connection:
            connection.settimeout(TIMEOUT)
            context.wrap_socket(connection).close()
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return False
    return True
