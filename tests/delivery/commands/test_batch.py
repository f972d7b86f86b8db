"""Which release scores for an environment, and what is reported of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.bento.batch import Outcome, Scoring
from delivery.commands import batch
from delivery.commands.batch import Whose, run
from delivery.errors import HeldError, InputError, RefusedError
from delivery.gates.verdict import Verdict
from tests.delivery.place import World
from tests.delivery.report.test_batch import manifest
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    """ONE is verified in production."""
    attempt = origin.want("production", ONE)
    origin.happened("production", attempt, "deployed", ONE)
    origin.happened("production", attempt, "verified", ONE)
    monkeypatch.setattr(batch, "released", lambda *_: SimpleNamespace(bento=_[2]))
    return World(origin.path, lambda _: None)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was scored: bento and scoring."""
    calls: list[Any] = []

    def score(bento: Any, scoring: Scoring, *_: object) -> Outcome:
        calls.append((bento, scoring))
        return Outcome(manifest(), None)

    monkeypatch.setattr(batch, "score", score)
    return calls


def ask(world: World, environment: str | None = None, release: str | None = None) -> Any:
    whose = Whose(environment, release)
    return run(world, whose, Scoring("in", "out"), lambda _: None)


def test_the_release_that_is_verified_in_the_last_environment_scores(
    world: World, scored: list[Any]
) -> None:
    result = ask(world)
    assert (result.release, result.environment, result.failure) == (ONE, "production", None)
    ((bento, scoring),) = scored
    assert bento == ONE
    assert scoring.text_length == 10_000, "as requests are limited"
    assert result.report.read_text().startswith("<!doctype html>")
    shown = result.to_json()
    assert shown["published"]
    assert "units" not in shown


def test_nothing_scores_where_nothing_is_verified(world: World, scored: list[Any]) -> None:
    with pytest.raises(HeldError, match="no release is verified in staging"):
        ask(world, "staging")
    with pytest.raises(InputError, match="no environment is called"):
        ask(world, "nowhere")
    with pytest.raises(InputError, match=f"main has no release {TWO}"):
        ask(world, release=TWO)
    assert not scored


@pytest.mark.parametrize(("status", "kind"), [("fail", RefusedError), ("hold", HeldError)])
def test_a_release_that_is_not_signed_does_not_score(
    world: World,
    scored: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    status: Any,
    kind: type[Exception],
) -> None:
    verdict = Verdict("signature", status, "m", "r", "nobody signed it")
    monkeypatch.setattr(World, "signature", lambda *_: verdict)
    with pytest.raises(kind, match="must not score for production: nobody signed it"):
        ask(world)
    assert not scored


def test_code_runs_where_it_may(
    world: World, origin: Origin, scored: list[Any], change_record: Callable[..., None]
) -> None:
    change_record(executes_code=True)
    with pytest.raises(RefusedError, match="is a model that is code"):
        ask(world)
    assert not scored


def test_a_release_that_failed_there_does_not_come_back_as_a_batch(
    world: World, origin: Origin, scored: list[Any]
) -> None:
    attempt = origin.want("staging", TWO)
    origin.happened("staging", attempt, "rejected", TWO)
    with pytest.raises(RefusedError, match=f"{TWO} rejected in staging"):
        ask(world, "staging", TWO)


@pytest.fixture
def change_record(origin: Origin) -> Callable[..., None]:
    """Write another record of ONE."""
    from delivery.state.record import parse_record, record_path, render_record

    def change(**fields: Any) -> None:
        path = record_path(ONE)
        text = (origin.path / path).read_text()
        record = parse_record(text, path).model_copy(update=fields)
        origin.push({path: render_record(record)})

    return change


def test_a_failure_is_reported_and_kept(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failure = RefusedError("4 of 100 rows do not fit")
    monkeypatch.setattr(batch, "score", lambda *_: Outcome(manifest(), failure))
    result = ask(world)
    assert result.failure is failure
    assert "4 of 100 rows do not fit" in result.report.read_text()
    assert result.to_json()["failure"] == "4 of 100 rows do not fit"
    monkeypatch.setattr(batch, "score", lambda *_: Outcome(None, failure))
    assert ask(world).report is None


@pytest.mark.parametrize("status", ["pass", "fail"])
def test_another_release_scores_the_same_rows_below_the_first(
    world: World, origin: Origin, monkeypatch: pytest.MonkeyPatch, status: Any
) -> None:
    origin.want("staging", TWO)
    calls: list[tuple[str, Scoring]] = []
    paired: list[tuple[str, str]] = []

    def score(bento: Any, scoring: Scoring, *_: object, **__: object) -> Outcome:
        calls.append((bento.id, scoring))
        return Outcome(manifest(), None)

    def bento(_: object, __: object, release: str) -> Any:
        contract = SimpleNamespace(task="binary")
        return SimpleNamespace(bento=SimpleNamespace(id=release, contract=contract))

    monkeypatch.setattr(batch, "released", bento)
    monkeypatch.setattr(batch, "score", score)
    monkeypatch.setattr(batch, "batch_pairs", lambda *places: paired.append(places[:2]))
    verdict = Verdict("shadow", status, "m", "r", "w")
    monkeypatch.setattr(batch.shadow, "judge", lambda *_: verdict)
    result = run(world, Whose(compare=TWO), Scoring("in", "out", max_refused=0.1), lambda _: None)
    assert result.compared == verdict
    assert [(release, scoring.output, scoring.max_refused) for release, scoring in calls] == [
        (ONE, "out", 0.1),
        (TWO, f"out/compared/{TWO}", 1.0),
    ]
    assert paired == [("out", f"out/compared/{TWO}")]
    assert result.to_json()["compared"] == verdict


def test_a_job_that_failed_is_not_compared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = RefusedError("too many")
    monkeypatch.setattr(batch, "score", lambda *_: Outcome(manifest(), failure))
    result = run(world, Whose(compare=ONE), Scoring("in", "out"), lambda _: None)
    assert (result.failure, result.compared) == (failure, None)
