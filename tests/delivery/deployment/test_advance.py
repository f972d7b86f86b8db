"""A release goes to the next environment only from where it was verified, and never backwards."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.deployment import advance as advancing
from delivery.deployment.advance import PromoteRequest, PromoteResult, advance
from delivery.errors import HeldError, RefusedError
from delivery.gates.verdict import Status
from delivery.judgement.proposed import Judged
from delivery.settings.overrides import Overrides
from delivery.state.desired import desired_path, evidence_path, parse_desired
from tests.delivery.place import World, judgement
from tests.origin import Origin, version

ONE, TWO = "r-111111111111", "r-222222222222"
ENV = "production"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    gates(monkeypatch, "pass")
    monkeypatch.setattr(advancing, "markdown", lambda _: "report")
    return World(origin.path, lambda _: None)


def gates(monkeypatch: pytest.MonkeyPatch, status: Status) -> None:
    """What the proposed gates will say of any release."""

    def candidate(*seen: Any) -> Any:
        bento = SimpleNamespace(sha256=version(seen[-1]).bento_sha256)
        return SimpleNamespace(bento=bento, contract=SimpleNamespace(runtime="onnx"))

    def judge(*seen: Any) -> Judged:
        return Judged(judgement(status)(), Path("report.html"))

    monkeypatch.setattr(advancing, "released", candidate)
    monkeypatch.setattr(advancing, "judge", judge)


def verified(origin: Origin, environment: str, release: str) -> None:
    origin.happened(environment, origin.want(environment, release), "verified", release)


def ask(world: World, release: str, **more: Any) -> PromoteResult:
    return advance(world, world.snapshot(), PromoteRequest(ENV, **more), release)


def test_a_release_that_passes_is_proposed_with_what_was_judged(
    origin: Origin, world: World
) -> None:
    verified(origin, ENV, ONE)
    verified(origin, "staging", TWO)
    pull = ask(world, TWO, overrides=Overrides(reason="it is better")).pull
    assert pull is not None
    origin.git("fetch", "--quiet", "origin", pull.head)
    desired, evidence = (
        origin.repository.read("FETCH_HEAD", path)
        for path in (desired_path(ENV), evidence_path(ENV))
    )
    assert desired is not None
    assert evidence is not None
    wanted = parse_desired(desired, "desired.yaml")
    assert (wanted.wanted, wanted.previous) == (version(TWO), version(ONE))
    assert json.loads(evidence)["reason"] == "it is better"


def test_what_upstream_did_not_verify_is_held(origin: Origin, world: World) -> None:
    origin.want("staging", ONE)
    with pytest.raises(HeldError, match="not verified in staging"):
        ask(world, ONE)


def test_what_is_wanted_already_is_not_judged_again(origin: Origin, world: World) -> None:
    verified(origin, "staging", ONE)
    origin.want(ENV, ONE)
    assert ask(world, ONE) == PromoteResult(ENV, ONE, None, None)


@pytest.mark.parametrize("kind", ["rejected", "revoked-1"])
def test_what_failed_there_needs_a_reason_to_return(
    origin: Origin, world: World, kind: str
) -> None:
    origin.happened(ENV, origin.want(ENV, ONE), kind, ONE)
    origin.want(ENV, "")
    verified(origin, "staging", ONE)
    with pytest.raises(HeldError, match=r"until somebody says why.*--reason"):
        ask(world, ONE)
    assert ask(world, ONE, overrides=Overrides(reason="mended")).pull is not None


def test_what_upstream_verified_before_is_a_way_back(origin: Origin, world: World) -> None:
    for release in (ONE, TWO):
        verified(origin, "staging", release)
    verified(origin, ENV, TWO)
    with pytest.raises(HeldError, match=f"verified after {ONE}.*delivery rollback"):
        ask(world, ONE)


def test_what_a_gate_refuses_is_not_proposed(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(origin, "staging", ONE)
    gates(monkeypatch, "fail")
    with pytest.raises(RefusedError, match=f"promoting {ONE} to {ENV} is blocked"):
        ask(world, ONE)
    assert world.forge.pulls() == ()


def test_a_dry_run_judges_and_proposes_nothing(origin: Origin, world: World) -> None:
    verified(origin, "staging", ONE)
    result = ask(world, ONE, dry_run=True)
    assert (result.judged is not None, result.pull, world.forge.pulls()) == (True, None, ())
