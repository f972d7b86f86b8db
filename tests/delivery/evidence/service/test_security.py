"""Requests that mean harm, to this repository's own service of each kind of model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import get_args

import pytest

from delivery.bento.client import read_examples
from delivery.evidence.service.security import ServiceUnderTest, malformed, mistyped, tried
from delivery.gates.service.security import judge
from serving.contract import Task, read_contract
from serving.settings.host import Host
from serving.settings.service import ServingSettings
from tests.serving.conftest import client_of
from tests.serving.protocols.conftest import ALL
from tests.serving.tiny import write_tiny_model

KEY = {
    "name": "ci",
    "sha256": hashlib.sha256(b"key").hexdigest(),
    "scopes": ["predict"],
    "expires": "2099-01-01T00:00:00Z",
}


@pytest.fixture
def model(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    write_tiny_model(tmp_path / "model", getattr(request, "param", "binary"))
    return tmp_path / "model"


def service(model: Path, **limits: int) -> ServiceUnderTest:
    allowed = ServingSettings.model_validate({"limits": limits}).limits
    good = read_examples(model)[0].instance
    return ServiceUnderTest(read_contract(model), good, allowed.body_bytes, allowed.rows)


@pytest.mark.parametrize("model", get_args(Task), indirect=True)
def test_our_own_service_refuses_all_of_it_in_good_order(model: Path) -> None:
    client = client_of(model, **ALL.model_dump())
    evidence = tried(client, service(model), guarded=False)
    verdict = judge(evidence)
    assert verdict.status == "pass", verdict.why
    assert evidence.afterwards == 200
    asked = {answer.request.partition(":")[0] for answer in evidence.hostile}
    assert {"NaN", "a key twice", "more bytes than allowed", "/invocations", "wind"} <= asked


def test_our_own_guard_lets_no_stranger_in(model: Path) -> None:
    host = Host(local=True, api_keys=json.dumps([KEY]))
    client = client_of(model, host=host, auth="keys")
    evidence = tried(client, service(model), guarded=True)
    assert {answer.status for answer in evidence.strangers or ()} == {401}
    assert {answer.status for answer in evidence.hostile} == {401}


def test_the_same_model_is_asked_the_same(model: Path) -> None:
    assert [*mistyped(service(model))] == [*mistyped(service(model))]


def test_limits_are_tried_out_where_they_are(model: Path) -> None:
    attacks = {
        attack.name: attack for attack in malformed(service(model, body_bytes=1_000, rows=7))
    }
    assert len(attacks["more bytes than allowed"].body) == 1_001
    assert len(json.loads(attacks["more rows than allowed"].body)["instances"]) == 8
    huge = {attack.name for attack in malformed(service(model, body_bytes=2**30))}
    assert "more bytes than allowed" not in huge
