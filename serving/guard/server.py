"""What the servers of this process speak."""

from __future__ import annotations

from asyncio import constants
from functools import partial

from uvicorn.protocols.http import auto

from serving.guard.guard import Shape
from serving.guard.limits.connections import Connections
from serving.guard.limits.limited_protocol import LimitedProtocol
from serving.settings.service import Start


def limit_connections(start: Start, shape: Shape) -> None:
    """Let the servers of this process speak LimitedProtocol. BentoML has no setting for what
    uvicorn takes where it is told nothing, so that is replaced, before a server starts."""
    limits = start.settings.limits
    if start.host.tls:
        # Until the handshake is done, a connection is asyncio's alone.
        constants.SSL_HANDSHAKE_TIMEOUT = limits.seconds
    connections = Connections(limits, start.release)
    speak = partial(LimitedProtocol, limits=limits, connections=connections, shape=shape)
    auto.AutoHTTPProtocol = speak  # type: ignore[assignment]  # called as the class is
