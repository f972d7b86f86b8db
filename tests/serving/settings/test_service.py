"""What an instance is started with arrives as it was written, whatever the release's age."""

from __future__ import annotations

import json
import logging

import pytest

from serving.settings.service import VARIABLE, ServingSettings, Start, read_settings, read_start
from serving.strict import DocumentError


def test_settings_survive_the_journey() -> None:
    settings = ServingSettings(protocols=("native", "vertex"))
    start = read_start(settings.to_environment() | {"RELEASE_ID": "r-1"})
    assert (start.release, start.settings) == ("r-1", settings)


def test_without_settings_the_defaults_hold() -> None:
    start = read_start({})
    assert start.settings.protocols == ("native", "v2", "mlflow")
    assert ServingSettings().to_environment() == {}


def test_a_key_from_the_future_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A release that is older than a key can still be rolled back to."""
    text = json.dumps({"protocols": ["native"], "speed": {"warp": 9}})
    with caplog.at_level(logging.WARNING, "serving"):
        assert read_settings(text) == ServingSettings(protocols=("native",))
    assert "does not know speed" in caplog.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "expected a mapping"),
        ('{"protocols": ["v2"]}', "native is needed"),
        ('{"protocols": ["native", "native"]}', "named twice"),
        ('{"protocols": ["native", "grpc"]}', r"protocols\.1"),
        ('{"protocols": ["v2"], "speed": 1}', "native is needed"),
        ('{"auth": "keys", "limits": {"per_hour": 1}}', "unknown key"),
        ('{"auth": "oidc"}', "needs oidc"),
        ('{"auth": "oidc", "oidc": {"issuer": "http://x.example", "audience": "a"}}', "https"),
    ],
)
def test_settings_that_do_not_fit_stop_the_start_with_one_line(text: str, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        read_settings(text)
    with pytest.raises(SystemExit, match=f"error: {VARIABLE}"):
        read_start({VARIABLE: text})


def started(*protocols: str, **environ: str) -> Start:
    text = json.dumps({"protocols": ["native", *protocols]})
    return read_start({VARIABLE: text} | environ)


@pytest.mark.parametrize(
    ("protocols", "environ", "port"),
    [
        ((), {}, None),
        ((), {"PORT": "9000"}, 9000),
        ((), {"AIP_HTTP_PORT": "9001"}, None),
        (("vertex",), {"AIP_HTTP_PORT": "9001"}, 9001),
        (("vertex",), {"AIP_HTTP_PORT": "9001", "PORT": "9000"}, 9000),
        (("sagemaker",), {}, 8080),
        (("sagemaker",), {"PORT": "9000"}, 9000),
    ],
)
def test_the_port_is_the_platforms(
    protocols: tuple[str, ...], environ: dict[str, str], port: int | None
) -> None:
    start = started(*protocols, **environ)
    assert start.port == port
    assert start.bentoml().get("http", {}).get("port") == port


def test_the_routes_of_vertex_are_read_where_it_is_spoken() -> None:
    routes = {"AIP_PREDICT_ROUTE": "/a:b", "AIP_HEALTH_ROUTE": "/h"}
    start = started("vertex", **routes)
    assert (start.vertex_predict, start.vertex_health) == ("/a:b", "/h")
    assert started(**routes).vertex_predict is None
    assert started("vertex").vertex_predict is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("AIP_HTTP_PORT", "-1"),
        ("AIP_PREDICT_ROUTE", "predict"),
        ("AIP_HEALTH_ROUTE", "/{model}"),
    ],
)
def test_what_a_platform_says_wrong_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SystemExit, match=f"error: {name}="):
        started("vertex", **{name: value})
