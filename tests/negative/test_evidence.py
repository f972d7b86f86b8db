"""Evidence on main that is not about what would start, and models that may not run: none starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import content_sha256
from delivery.commands.check import check
from delivery.commands.deploy import deploy
from delivery.deployment import active
from delivery.errors import HeldError, RefusedError
from delivery.events.event import State
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.supply_chain import executes_code as evidence
from delivery.evidence.trial import Submission, Trial
from delivery.gates.policy import GatesPolicy
from delivery.gates.supply_chain import executes_code
from delivery.gates.verdict import Verdict, blocking
from delivery.release.candidate import Candidate
from delivery.settings.host import Surroundings
from delivery.state.desired import Desired, ReleaseRef, desired_path, evidence_path, render_desired
from delivery.state.record import record_path
from tests.delivery.bentos import Bench
from tests.delivery.place import judgement
from tests.delivery.released import Real, Release, make_candidate, make_release
from tests.negative.test_trust import ALONE, ENV
from tests.origin import Origin
from tests.serving.tiny_predictor import write_predictor

CODE_ALLOWED = ALONE.replace("7102}", "7102}, executes_code: true")
Edit = Callable[[dict[str, Any]], None]


def may_run(world: Real, candidate: Candidate) -> Verdict:
    """What its promotion is told."""
    snapshot = world.snapshot()
    submission = Submission(world, snapshot, candidate, snapshot.environment(ENV))
    evaluation, policy = Evaluation(world.root), GatesPolicy()
    trial = Trial(candidate.bento, None, evaluation, policy, None, submission)  # type: ignore[arg-type]
    return executes_code.judge(evidence.gather(trial))


@pytest.fixture(scope="module")
def release(bench: Bench, better: Bento) -> Release:
    return make_release(bench, better)


@pytest.fixture(scope="module")
def code(bench: Bench) -> Bento:
    return bench.bento("predictor", write_predictor)


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Real:
    """Every other gate passes."""
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    origin.push({"delivery.yaml": ALONE})
    return Real(origin.path, lambda _: None)


def texts(origin: Origin, release: Release, edit: Edit = lambda _: None) -> tuple[str, str]:
    """desired.yaml, and evidence.json after `edit`."""
    wanted = ReleaseRef(release.id, content_sha256(release.bento))
    evidence = json.loads(origin.evidence(ENV, wanted, release.texts[record_path(release.id)]))
    edit(evidence)
    return render_desired(Desired(wanted)), json.dumps(evidence) + "\n"


def merge(origin: Origin, desired: str, evidence: str) -> None:
    origin.push({desired_path(ENV): desired, evidence_path(ENV): evidence}, "Want it")


def rejected(world: Real) -> str:
    """Deploy, and see that nothing started; returns why."""
    assert deploy(world, ENV, budget=60).step.state is State.REJECTED
    assert world.places[ENV].running == {}
    attempt = world.snapshot().history(ENV).attempts[1]  # the newest is the rollback
    return str(attempt.events[-1].evidence["why"])


def held(world: Real) -> str:
    with pytest.raises(HeldError) as caught:
        deploy(world, ENV, budget=60)
    assert world.places[ENV].running == {}
    return str(caught.value)


def test_evidence_about_the_release_lets_it_start(
    origin: Origin, world: Real, release: Release
) -> None:
    release.publish(origin, release.signature())
    origin.propose(ENV, *texts(origin, release))
    merge(origin, *texts(origin, release))
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED


@pytest.mark.parametrize("evidence", ["\n", "{}\n", "{\n"])
def test_evidence_missing_is_held_by_freshness(
    origin: Origin, world: Real, release: Release, evidence: str
) -> None:
    """Proposed so, as if `delivery` itself had lost it."""
    release.publish(origin, release.signature())
    desired, _ = texts(origin, release)
    origin.propose(ENV, desired, evidence)
    merge(origin, desired, evidence)
    assert "freshness: evidence.json is missing or cannot be read" in held(world)
    assert world.snapshot().attempt(ENV).state is State.MERGED


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (lambda found: found.update(release="r-0123456789ab"), "is about r-0123456789ab"),
        (lambda found: found["judged"].update(candidate_sha256="0" * 64), "the bento 000000000000"),
        (lambda found: found.update(record_sha256="0" * 64), "the record 000000000000"),
    ],
    ids=["release", "bytes", "record"],
)
def test_evidence_of_another_release_is_held_by_freshness(
    origin: Origin, world: Real, release: Release, edit: Edit, text: str
) -> None:
    release.publish(origin, release.signature())
    origin.propose(ENV, *texts(origin, release, edit))
    merge(origin, *texts(origin, release, edit))
    found = held(world)
    assert "freshness: " in found
    assert text in found


def test_evidence_edited_is_refused_by_freshness(
    origin: Origin, world: Real, release: Release
) -> None:
    """A reason that nobody gave, written into what `delivery` proposed."""
    release.publish(origin, release.signature())
    origin.propose(ENV, *texts(origin, release))
    merge(origin, *texts(origin, release, lambda found: found.update(reason="trust me")))
    assert "evidence.json is not what delivery proposed" in rejected(world)


def test_evidence_removed_by_hand_is_refused_by_freshness(
    origin: Origin, world: Real, release: Release
) -> None:
    release.publish(origin, release.signature())
    origin.propose(ENV, *texts(origin, release))
    merge(origin, texts(origin, release)[0], "")
    assert "evidence.json is missing" in rejected(world)


def test_what_a_person_did_not_check_is_held_in_a_job_by_freshness(
    origin: Origin, world: Real, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen = [{"gate": "dependencies", "status": "not checked"}]
    release.publish(origin, release.signature())
    found = texts(origin, release, lambda evidence: evidence.update(verdicts=unseen))
    origin.propose(ENV, *found)
    merge(origin, *found)
    with monkeypatch.context() as patch:
        patch.setattr(Surroundings, "in_job", True)
        patch.setattr(Surroundings, "rehearses", False)
        assert "dependencies: not checked" in held(world)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED


def test_a_model_that_is_code_is_refused_by_executes_code(
    origin: Origin, world: Real, bench: Bench, code: Bento
) -> None:
    """Its promotion, its pull request and, merged all the same, its deployment."""
    made = make_candidate(bench, code)
    (verdict,) = blocking([may_run(world, made)])
    assert (verdict.gate, verdict.status) == ("executes_code", "fail")
    release = make_release(bench, code)
    release.publish(origin, release.signature())
    origin.propose(ENV, *texts(origin, release))
    origin.git("checkout", "--quiet", "--detach")
    files = dict(zip((desired_path(ENV), evidence_path(ENV)), texts(origin, release), strict=True))
    origin.git("checkout", "--quiet", origin.repository.commit_files("origin/main", files, "Want"))
    with pytest.raises(RefusedError, match=r"environments\.production\.executes_code"):
        check(world)
    origin.git("checkout", "--quiet", "main")
    merge(origin, *texts(origin, release))
    assert "environments.production.executes_code" in rejected(world)


def test_a_model_that_is_code_runs_where_that_is_allowed(
    origin: Origin, world: Real, bench: Bench, code: Bento
) -> None:
    origin.push({"delivery.yaml": CODE_ALLOWED})
    release = make_release(bench, code)
    release.publish(origin, release.signature())
    origin.propose(ENV, *texts(origin, release))
    merge(origin, *texts(origin, release))
    assert not blocking([may_run(world, make_candidate(bench, code))])
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
