"""Nothing is built where it could not be stored, or where policy forbids what is asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.commands import release as command
from delivery.commands.deploy import deploy
from delivery.commands.release import release
from delivery.context import Context
from delivery.deployment import active
from delivery.deployment.reconcile import Deployment
from delivery.errors import DeliveryError, RefusedError
from delivery.events.event import State
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict
from delivery.judgement.proposed import Judged
from delivery.settings.overrides import Overrides, parse_overrides
from delivery.state.record import record_path, render_record
from tests.delivery.place import World, judgement
from tests.origin import Origin, record, version

ONE = "r-111111111111"


class Store:
    def place(self) -> str:
        return "s3://models"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    def built(*_: object) -> None:
        raise AssertionError("a bento was built")

    monkeypatch.setattr(command, "candidate", built)
    return World(origin.path, lambda _: None)


@pytest.fixture
def locked(origin: Origin) -> None:
    """main names a model."""
    origin.push({"dvc.lock": "schema: '2.0'\n"})


def test_before_there_is_a_model_nothing_is_released_and_nothing_is_wrong(world: World) -> None:
    """As in the first commit of a repository that was made from the template."""
    result = release(world, parse_overrides("", ()), dry_run=False)
    assert (result.release, result.judged, result.pull) == (None, None, None)


@pytest.mark.usefixtures("locked")
def test_without_a_store_nothing_is_built(world: World) -> None:
    with pytest.raises(DeliveryError, match="DVC repository"):
        release(world, parse_overrides("", ()), dry_run=False)


@pytest.mark.usefixtures("locked")
def test_an_override_that_policy_does_not_allow_is_refused_first(
    origin: Origin, world: World
) -> None:
    text = (origin.path / "delivery.yaml").read_text()
    alone = text.replace("  staging:\n    target: { kind: local, port: 7101 }\n", "")
    origin.push({"delivery.yaml": alone})
    vars(world)["store"] = Store()
    with pytest.raises(RefusedError, match=r"environments\.production\.overrides"):
        release(world, parse_overrides("why", ["load"]), dry_run=False)


@pytest.fixture
def judged_world(
    origin: Origin, locked: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> World:
    """Building and judging have their tests: here both always find the same release."""
    bento = Bento(ONE, tmp_path)
    vars(bento)["sha256"] = version(ONE).bento_sha256
    found = SimpleNamespace(
        bento=bento, contract=SimpleNamespace(runtime="onnx"), sbom="", commit="0" * 40
    )
    verdicts = (Verdict("load", "pass", "m", "r", "w"),)
    about = Judgement(
        verdicts, ONE, None, {"judged": {"candidate_sha256": version(ONE).bento_sha256}}
    )

    def judge(_: Any, overrides: Overrides, __: str) -> Judged:
        return Judged(about, tmp_path / "report.html", overrides)

    monkeypatch.setattr(command, "candidate", lambda *_: found)
    monkeypatch.setattr(command, "judge", judge)
    monkeypatch.setattr(command, "_lay_out_subjects", lambda *_: None)
    monkeypatch.setattr(Context, "store", SimpleNamespace(place=lambda: None))
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    return World(origin.path, lambda _: None)


@pytest.mark.parametrize(("reason", "returns"), [("", False), ("the database was down", True)])
def test_bytes_that_staging_rejected_return_with_the_reason_of_the_release(
    origin: Origin, judged_world: World, reason: str, returns: bool
) -> None:
    origin.happened("staging", origin.want("staging", ONE), "rejected", ONE)
    origin.want("staging", "")
    pull = command.release(judged_world, Overrides(reason), dry_run=False).pull
    assert pull is not None
    judged_world.forge.merge(pull.number)
    if returns:
        assert Deployment(judged_world, "staging").tick().transition == "deployed"
    else:
        assert deploy(judged_world, "staging", budget=60).step.state is State.REJECTED


def test_where_images_run_the_record_alone_is_proposed_once(
    origin: Origin, judged_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image is made of what main has."""
    policy = (origin.path / "delivery.yaml").read_text()
    base = f"registry.example/python@sha256:{'b' * 64}"
    docker = f'target: {{ kind: docker, port: 7101, base: "{base}", router: "{base}" }}'
    origin.push({"delivery.yaml": policy.replace("target: { kind: local, port: 7101 }", docker)})
    files = {record_path(ONE): render_record(record(ONE))}
    monkeypatch.setattr(command, "_described", lambda *given: ({} if given[3] else files, None))
    store = SimpleNamespace(place=lambda: None, put=lambda *_: "outs: []\n")
    monkeypatch.setattr(Context, "store", store)
    pull = release(judged_world, parse_overrides("", ()), dry_run=False).pull
    assert pull is not None
    assert (pull.title, f"delivery image sign {ONE}" in pull.body) == (f"Record {ONE}", True)
    judged_world.forge.merge(pull.number)
    snapshot = judged_world.snapshot()
    assert list(snapshot.records()) == [ONE]
    assert not snapshot.desired("staging").wanted.exists
    again = release(judged_world, parse_overrides("", ()), dry_run=False)
    assert (again.already, again.pull) == (True, None)
