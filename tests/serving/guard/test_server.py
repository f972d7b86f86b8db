"""Whatever serves in this process has the limits of a connection."""

from __future__ import annotations

from asyncio import constants
from pathlib import Path

import pytest
import uvicorn
from uvicorn.protocols.http import auto

from serving.guard.limits.limited_protocol import LimitedProtocol
from serving.guard.server import limit_connections
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start
from serving.settings.tls import Tls
from tests.serving.guard.test_guard import shape


def test_every_server_of_the_process_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "AutoHTTPProtocol", None)
    monkeypatch.setattr(constants, "SSL_HANDSHAKE_TIMEOUT", 60.0)
    chosen = ServingSettings.model_validate({"limits": {"seconds": 7}})
    limit_connections(Start("r", chosen, host=Host(local=True)), shape)
    assert constants.SSL_HANDSHAKE_TIMEOUT == 60.0
    tls = Tls(Path("certificate"), Path("key"))
    limit_connections(Start("r", chosen, host=Host(local=True, tls=tls)), shape)
    assert constants.SSL_HANDSHAKE_TIMEOUT == 7
    config = uvicorn.Config(shape, log_config=None)
    config.load()
    assert config.http_protocol_class.func is LimitedProtocol
