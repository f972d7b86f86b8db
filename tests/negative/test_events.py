"""Whoever can write to origin: forged, moved and deleted events, and files brought back by hand.

What is served stays as it is, nothing is rejected or rolled back because of it, and `status` names
it until a person looks.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.commands.attest import AttestRequest, attest
from delivery.commands.deploy import deploy
from delivery.commands.history import history
from delivery.commands.rollback import rollback
from delivery.commands.status import status
from delivery.deployment import active
from delivery.deployment.advance import PromoteRequest, advance
from delivery.errors import HeldError, InputError
from delivery.events.event import Event, State
from delivery.git.refs import LogName, proposal_tag
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from delivery.state.event_writer import EventWriter
from delivery.state.record import record_path, render_record
from delivery.trust.keys import PublicKey, Role, own_file, own_public_key
from tests.delivery.place import World, judgement
from tests.origin import Origin, evidence_about, record, tag_message, version

ONE, TWO = "r-111111111111", "r-222222222222"
ALONE = "environments: {staging: {target: {kind: local, port: 7101}}}\n"
LOG = "delivery/events/staging"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    """ONE is verified in staging and has the traffic; its gates pass."""
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    origin.push({"delivery.yaml": ALONE})
    world = World(origin.path, lambda _: None)
    origin.want("staging", ONE)
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED
    return world


def stranger(origin: Origin, tmp_path: Path) -> EventWriter:
    """Somebody who can push, with a key that nobody listed."""
    return replace(origin, environ={"XDG_DATA_HOME": str(tmp_path / "mallory")}).events


def clone(origin: Origin, path: Path) -> World:
    """A fresh one, as a new machine has it, but with the same key."""
    subprocess.run(["git", "clone", "--quiet", str(origin.bare), str(path)], check=True)
    return World(path, lambda _: None)


def served(world: World) -> dict[str, int]:
    return dict(world.places["staging"].shares)


def cut(origin: Origin) -> None:
    """Take the newest event off origin's log."""
    before = "refs/delivery/origin/events/staging~1"
    origin.git("push", "--quiet", "--force", "origin", f"{before}:refs/heads/{LOG}")


def problem(world: World) -> str:
    return status(world).environments[0].problem


def test_a_forged_verified_gets_no_traffic(origin: Origin, world: World, tmp_path: Path) -> None:
    attempt = origin.want("staging", TWO, previous=ONE)
    forged = Event("staging", attempt, "verified", TWO, "local", {})
    assert stranger(origin, tmp_path).write(forged, [])
    with pytest.raises(HeldError, match=r"key .* is not this machine's"):
        deploy(world, "staging", budget=60)
    assert served(world) == {ONE: 100}
    assert "entry" in problem(world)
    assert [row.state for row in history(world, "staging").attempts][:1] == ["merged"]


def test_a_forged_tag_gets_no_traffic(origin: Origin, world: World) -> None:
    attempt = origin.want("staging", TWO, previous=ONE)
    forged = Event("staging", attempt, "verified", TWO, "local", {})
    origin.repository.create_tag(forged.tag, attempt, tag_message(forged))
    assert world.snapshot().attempt("staging").state is State.MERGED


def test_a_forged_rejection_neither_rejects_nor_rolls_back(
    origin: Origin, world: World, tmp_path: Path
) -> None:
    attempt = world.snapshot().attempt("staging")
    forged = Event("staging", attempt.commit, "rejected", ONE, "local", {})
    assert stranger(origin, tmp_path).write(forged, ["deployed", "verified"])
    result = deploy(world, "staging", budget=60)
    assert (result.step.state, result.rollback) == (State.VERIFIED, None)
    assert served(world) == {ONE: 100}
    with pytest.raises(HeldError, match="cannot be believed"):
        advance(world, world.snapshot(), PromoteRequest("staging", TWO), TWO)


def test_a_person_vouches_for_what_was_written_elsewhere(
    origin: Origin, world: World, tmp_path: Path
) -> None:
    attempt = origin.want("staging", TWO, previous=ONE)
    event = Event("staging", attempt, "rejected", TWO, "local", {"why": "smoke"})
    assert stranger(origin, tmp_path).write(event, [])
    looked = attest(world, AttestRequest("staging", dry_run=True))
    assert len(looked.doubts) == 1
    with pytest.raises(InputError, match="say why"):
        attest(world, AttestRequest("staging"))
    attest(world, AttestRequest("staging", "it was the old runner"))
    assert world.snapshot().attempt("staging").state is State.REJECTED
    assert not world.snapshot().ledger.doubts("staging")
    with pytest.raises(InputError, match="nothing about the events of staging is in doubt"):
        attest(world, AttestRequest("staging", "again"))


def test_what_a_person_disowns_never_counts(origin: Origin, world: World, tmp_path: Path) -> None:
    attempt = origin.want("staging", TWO, previous=ONE)
    forged = Event("staging", attempt, "verified", TWO, "local", {})
    assert stranger(origin, tmp_path).write(forged, [])
    (entry,) = world.snapshot().ledger.doubts("staging").unattested
    with pytest.raises(InputError, match="no entry begins with 'xyz'"):
        attest(world, AttestRequest("staging", "forged", disown=("xyz",)))
    attest(world, AttestRequest("staging", "forged", disown=(entry[:12],)))
    assert not world.snapshot().ledger.doubts("staging")
    assert world.snapshot().attempt("staging").state is State.MERGED
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED


def test_a_deleted_revocation_is_missed_and_still_counts(origin: Origin, world: World) -> None:
    attempt = world.snapshot().attempt("staging")
    origin.happened("staging", attempt.commit, "revoked-1", ONE)
    cut(origin)
    snapshot = world.snapshot()
    assert snapshot.attempt("staging").state is State.REVOKED
    with pytest.raises(HeldError, match="it is gone"):
        deploy(world, "staging", budget=60)
    attest(world, AttestRequest("staging", "the log was cut"))
    assert world.snapshot().attempt("staging").state is State.REVOKED
    assert not world.snapshot().ledger.doubts("staging")


def test_a_fresh_clone_misses_what_main_names(origin: Origin, world: World, tmp_path: Path) -> None:
    heads = dict(origin.snapshot().ledger.heads("staging"))
    text = render_record(record(TWO))
    evidence = origin.evidence("staging", version(TWO), text, logs=heads)
    desired = render_desired(Desired(version(TWO), version(ONE)))
    origin.propose("staging", desired, evidence)
    files = {desired_path("staging"): desired, evidence_path("staging"): evidence}
    origin.push(files | {record_path(TWO): text})
    cut(origin)
    fresh = clone(origin, tmp_path / "fresh")
    with pytest.raises(HeldError, match=rf"main names .* of {LOG}"):
        deploy(fresh, "staging", budget=60)
    attest(fresh, AttestRequest("staging", "nobody has it any more"))
    assert not fresh.snapshot().ledger.doubts("staging")


def test_a_deleted_log_is_missed(origin: Origin, world: World) -> None:
    origin.git("push", "--quiet", "origin", "--delete", LOG)
    with pytest.raises(HeldError, match="it is gone"):
        deploy(world, "staging", budget=60)
    assert world.snapshot().attempt("staging").state is State.VERIFIED
    attest(world, AttestRequest("staging", "somebody tidied up"))
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED


def test_a_new_clone_beside_the_route_misses_what_the_machine_saw(
    origin: Origin, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a runner has it, whose jobs begin with a new clone."""
    world.workspace.mkdir(exist_ok=True)
    monkeypatch.setenv("DELIVERY_WORKSPACE", str(world.workspace))
    attempt = world.snapshot().attempt("staging")
    origin.happened("staging", attempt.commit, "revoked-1", ONE)
    world.snapshot().attempt("staging")
    cut(origin)
    fresh = clone(origin, tmp_path / "fresh")
    with pytest.raises(HeldError, match="it is gone"):
        deploy(fresh, "staging", budget=60)
    attest(fresh, AttestRequest("staging", "the runner forgot it"))
    assert not fresh.snapshot().ledger.doubts("staging")


def test_main_forced_back_moves_nothing(origin: Origin, world: World) -> None:
    before = origin.repository.main()
    origin.want("staging", TWO, previous=ONE)
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED
    origin.git("push", "--quiet", "--force", "origin", f"{before}:refs/heads/main")
    with pytest.raises(HeldError, match="main lost"):
        deploy(world, "staging", budget=60)
    assert served(world) == {TWO: 100}
    attest(world, AttestRequest("staging", "main was cleaned of a secret"))
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED
    assert served(world) == {ONE: 100}


def test_files_that_were_proposed_once_are_not_deployed_again(origin: Origin, world: World) -> None:
    first = world.snapshot().attempt("staging").commit
    origin.want("staging", TWO, previous=ONE)
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED
    paths = desired_path("staging"), evidence_path("staging")
    origin.push({path: origin.repository.read(first, path) or "" for path in paths})
    result = deploy(world, "staging", budget=60)
    assert result.step.state is State.REJECTED
    assert served(world) == {TWO: 100}
    why = world.snapshot().history("staging").attempts[1].events[-1].evidence["why"]
    assert "somebody brought it back by hand" in why


def test_what_a_stranger_proposed_is_held(origin: Origin, world: World, tmp_path: Path) -> None:
    mallory = replace(origin, environ={"XDG_DATA_HOME": str(tmp_path / "mallory")})
    mallory.want("staging", TWO, previous=ONE)
    with pytest.raises(HeldError, match="nobody who may write events proposed it"):
        deploy(world, "staging", budget=60)
    assert served(world) == {ONE: 100}


def test_a_rollback_works_all_the_same(origin: Origin, world: World, tmp_path: Path) -> None:
    attempt = origin.want("staging", TWO, previous=ONE)
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED
    forged = Event("staging", attempt, "rejected", TWO, "local", {})
    assert stranger(origin, tmp_path).write(forged, ["deployed", "verified"])
    rollback(world, "staging", reason="complaints", dry_run=False)
    assert served(world) == {ONE: 100}
    assert "revoked-1" in world.snapshot().ledger.kinds(LogName("staging"), attempt)


def test_once_there_is_a_log_unsigned_proposals_of_before_are_held(
    origin: Origin, world: World
) -> None:
    text = render_record(record(TWO))
    evidence = evidence_about(version(TWO), text)
    desired = render_desired(Desired(version(TWO), version(ONE)))
    commit = origin.git("rev-parse", "HEAD")
    origin.repository.create_tag(proposal_tag("staging", desired, evidence), commit, "Promote it")
    files = {desired_path("staging"): desired, evidence_path("staging"): evidence}
    origin.push(files | {record_path(TWO): text})
    with pytest.raises(HeldError, match="an earlier version of delivery proposed it"):
        deploy(world, "staging", budget=60)
    assert served(world) == {ONE: 100}


def test_a_key_that_is_revoked_changes_nothing_that_is_served(
    origin: Origin, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with the old one listed beside the new one, and with what was vouched for."""
    old = own_public_key(os.environ, Role.EVENTS)
    new = {"XDG_DATA_HOME": str(tmp_path / "new")}
    key = own_public_key(new, Role.EVENTS, make=True)
    assert old is not None
    assert key is not None
    today = datetime.now(UTC).date()
    revoked = signer("old", old, f"revoked: {{ at: {today}, why: it was printed in a log }}")
    origin.push({"delivery.yaml": f"{ALONE}trust:\n{revoked}{signer('new', key)}"})
    with pytest.raises(HeldError, match=r"trust\.old\.revoked\.at"):
        deploy(world, "staging", budget=60)
    assert served(world) == {ONE: 100}
    monkeypatch.setenv("DELIVERY_EVENT_KEY", str(own_file(new, Role.EVENTS)))
    machine = World(origin.path, lambda _: None, world.places)
    attest(machine, AttestRequest("staging", "I compared them with the runner's logs"))
    assert deploy(machine, "staging", budget=60).step.state is State.VERIFIED
    assert served(machine) == {ONE: 100}


def test_a_key_that_ended_still_counts_for_what_it_wrote(
    origin: Origin, world: World, tmp_path: Path
) -> None:
    old = own_public_key(os.environ, Role.EVENTS)
    assert old is not None
    today = datetime.now(UTC).date()
    origin.push({"delivery.yaml": f"{ALONE}trust:\n{signer('old', old, f'until: {today}')}"})
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED
    assert not world.snapshot().ledger.doubts("staging")


def signer(name: str, key: PublicKey, rule: str = "since: 2020-01-01") -> str:
    """The lines of `trust:` about somebody who may write events."""
    pem = "".join(f"      {line}\n" for line in key.pem.splitlines())
    return f"  {name}:\n    may: [events]\n    {rule}\n    key: |\n{pem}"
