"""Requests and messages as lines of JSON, without secrets."""

from __future__ import annotations

import json

import pytest

from tests.serving.guard.callers.test_auth import entry
from tests.serving.guard.test_guard import LATER, Asked, echo, guarded, start


def test_every_request_is_a_line_of_json_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    guard = guarded(echo, start(entry("a", expires=LATER), log={"requests": True}))
    trace = "0af7651916cd43dd8448eb211c80319c"
    parent = f"00-{trace}-b7ad6b7169203331-01"
    Asked(guard)(x_api_key="a", x_request_id="one", traceparent=parent)
    Asked(guard)("/pre\ndict", x_api_key="hush", x_request_id="two")
    text = capsys.readouterr().out
    first, second = map(json.loads, text.splitlines())
    assert (first["request_id"], first["status"], first["client"]) == ("one", 200, "key:ci")
    assert (first["trace_id"], first["parent_id"]) == (trace, "b7ad6b7169203331")
    assert (second["request_id"], second["status"], second["path"]) == ("two", 401, "/pre\ndict")
    assert "hush" not in text
