"""API keys: known by their hash, with scopes and an end; nobody gets in by an omission."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from serving.errors import Denied
from serving.guard.callers import auth
from serving.guard.callers.auth import ApiKeys, make_doorman, needed
from serving.guard.guard import require_guard
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start
from serving.strict import DocumentError

END = datetime(2027, 1, 1, tzinfo=UTC)


def entry(key: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": "ci",
        "sha256": hashlib.sha256(key.encode()).hexdigest(),
        "scopes": ["predict"],
        "expires": END.isoformat(),
    } | fields


def keys_at(now: datetime, *entries: dict[str, Any]) -> ApiKeys:
    return ApiKeys(json.dumps(entries), now=lambda: now)


def started(*entries: dict[str, Any], auth: str = "keys", local: bool = False) -> Start:
    settings = ServingSettings.model_validate({"auth": auth})
    host = Host(local=local, api_keys=json.dumps(entries) if entries else "")
    return Start("r-1", settings, host=host)


def admit(start: Start, path: str, header: str | None = None, value: str = "") -> str | None:
    doorman = make_doorman(start)
    assert doorman is not None
    headers = {header.encode(): value.encode("latin-1")} if header else {}
    return asyncio.run(doorman.admit(path, headers))


def denied(start: Start, path: str, header: str | None = None, value: str = "") -> Denied:
    with pytest.raises(Denied) as caught:
        admit(start, path, header, value)
    return caught.value


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("authorization", "Bearer secret"),
        ("authorization", "bearer   secret "),
        ("authorization", "BEARER secret"),
        ("authorization", "bEaReR secret"),
        ("x-api-key", "secret"),
    ],
)
def test_a_known_key_is_let_in_by_its_name(header: str, value: str) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    start = started(entry("secret", expires=later))
    assert admit(start, "/predict", header, value) == "key:ci"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (None, ""),
        ("authorization", ""),
        ("authorization", "Bearer "),
        ("authorization", "Basic c2VjcmV0"),
        ("authorization", "Bearer Secret"),
        ("authorization", "Bearer secret2"),
        ("authorization", "Bearer s\xe9cret"),
        ("authorization", "Bearer " + hashlib.sha256(b"secret").hexdigest()),
        ("x-api-key", " "),
    ],
)
def test_a_missing_or_wrong_key_is_refused(header: str | None, value: str) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    fault = denied(started(entry("secret", expires=later)), "/predict", header, value)
    assert (fault.status, fault.headers) == (401, {"WWW-Authenticate": "Bearer"})
    assert "secret" not in str(fault)


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_key_ends_at_its_expiry(seconds: int) -> None:
    """Before, at and after."""
    keys = keys_at(END + timedelta(seconds=seconds), entry("secret"))
    if seconds < 0:
        assert keys.caller("secret").name == "key:ci"
    else:
        with pytest.raises(Denied, match="expired"):
            keys.caller("secret")


def test_every_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hit is no way out, and nothing but compare_digest decides."""
    compared: list[str] = []
    really = hmac.compare_digest

    def compare(given: str, known: str) -> bool:
        compared.append(known)
        return really(given, known)

    entries = [entry(f"secret-{i}", name=f"k{i}") for i in range(3)]
    keys = keys_at(END - timedelta(days=1), *entries)
    monkeypatch.setattr(auth.hmac, "compare_digest", compare)
    for key in ("secret-0", "secret-2", "other"):
        compared.clear()
        if key == "other":
            with pytest.raises(Denied):
                keys.caller(key)
        else:
            keys.caller(key)
        assert compared == [one["sha256"] for one in entries]


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/predict", "predict"),
        ("/release", "predict"),
        ("/docs.json", "predict"),
        ("/v2/models/m/infer", "predict"),
        ("/never/heard/of", "predict"),
        ("/explain", "explain"),
        ("/v1/models/m:explain", "explain"),
        ("/feedback", "feedback"),
        ("/metrics", "metrics"),
    ],
)
def test_a_path_needs_its_scope_and_no_other_will_do(path: str, scope: str) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert needed(path) == scope
    right = entry("right", name="right", scopes=[scope], expires=later)
    others = sorted({"predict", "explain", "feedback", "metrics"} - {scope})
    wrong = entry("wrong", name="wrong", scopes=others, expires=later)
    start = started(right, wrong)
    assert admit(start, path, "x-api-key", "right") == "key:right"
    assert denied(start, path, "x-api-key", "wrong").status == 403


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/healthz", "/ping", "/v2/health/ready", "/"]
)
def test_health_is_open(path: str) -> None:
    assert admit(started(entry("secret")), path) is None


def test_the_health_route_of_the_platform_is_open_and_no_other_with_it() -> None:
    start = replace(started(entry("secret")), vertex_health="/platform/health")
    assert admit(start, "/platform/health") is None
    assert admit(start, "/livez") is None
    assert denied(start, "/platform/health/more").status == 401
    assert denied(started(entry("secret")), "/platform/health").status == 401


def test_only_a_local_service_may_ask_for_nothing() -> None:
    assert make_doorman(started(auth="none", local=True)) is None
    with pytest.raises(SystemExit, match=r"^error: auth: .*SERVING_ENVIRONMENT=local") as caught:
        require_guard(started(auth="none"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("local", [True, False])
def test_a_service_without_keys_refuses_to_start(local: bool) -> None:
    """Also where none would be allowed: who asks for keys means it."""
    with pytest.raises(SystemExit, match="SERVING_API_KEYS is empty"):
        require_guard(started(local=local))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "sk_a_key_itself",
        "[]",
        "[{}]",
        json.dumps([entry("a") | {"sha256": "sk_a_key_itself"}]),
        json.dumps([entry("a") | {"scopes": []}]),
        json.dumps([entry("a") | {"scopes": ["admin"]}]),
        json.dumps([entry("a") | {"expires": "2027-01-01T00:00:00"}]),
        json.dumps([entry("a") | {"expires": None}]),
        json.dumps([entry("a") | {"role": "admin"}]),
        json.dumps([entry("a"), entry("b")]),
    ],
)
def test_keys_that_do_not_fit_stop_the_start_and_are_not_shown(text: str) -> None:
    with pytest.raises(DocumentError, match="SERVING_API_KEYS") as caught:
        ApiKeys(text)
    assert "sk_a_key_itself" not in str(caught.value)


def test_what_is_told_about_a_start_holds_no_secrets() -> None:
    start = Start("r-1", ServingSettings(), host=Host(api_keys="hush", log_key="hush"))
    assert "hush" not in repr(start)
