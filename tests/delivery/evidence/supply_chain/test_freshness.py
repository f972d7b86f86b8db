"""What main wants stands beside what its evidence is about."""

from __future__ import annotations

import pytest

from delivery.evidence.supply_chain.freshness import admit
from delivery.gates.supply_chain.freshness import Evidence
from delivery.state.desired import (
    Desired,
    desired_path,
    evidence_path,
    render_desired,
)
from delivery.state.record import record_path, record_sha256, render_record
from tests.delivery.place import World
from tests.origin import Origin, record, version

ONE, TWO = "r-111111111111", "r-222222222222"


def admitted(origin: Origin, **options: bool) -> Evidence:
    snapshot = World(origin.path, lambda _: None).snapshot()
    return admit(snapshot, snapshot.attempt("staging"), **options)


def test_a_proposal_is_about_the_bytes_that_main_has(origin: Origin) -> None:
    origin.want("staging", ONE)
    evidence = admitted(origin)
    assert evidence.written is not None
    assert (evidence.release, evidence.written.release) == (ONE, ONE)
    assert evidence.bento_sha256 == evidence.written.bento_sha256 == version(ONE).bento_sha256
    assert evidence.record_sha256 == evidence.written.record_sha256
    assert evidence.record_sha256 == record_sha256(render_record(record(ONE)))
    assert (evidence.proposed, evidence.rollback, evidence.in_job) == (True, False, False)
    assert admitted(origin, in_job=True).in_job


def wanted(origin: Origin, evidence: str, *, propose: bool) -> None:
    """Put ONE on main with this evidence, with or without the tag of a proposal."""
    desired = render_desired(Desired(version(ONE)))
    if propose:
        origin.propose("staging", desired, evidence)
    files = {desired_path("staging"): desired, evidence_path("staging"): evidence}
    origin.push(files | {record_path(ONE): render_record(record(ONE))})


@pytest.mark.parametrize("text", ["not json\n", "", "{}\n"])
def test_evidence_that_cannot_be_read_is_none(origin: Origin, text: str) -> None:
    wanted(origin, text, propose=True)
    assert admitted(origin).written is None


def test_an_edited_file_was_not_proposed(origin: Origin) -> None:
    evidence = origin.evidence("staging", version(ONE), render_record(record(ONE)))
    wanted(origin, evidence, propose=True)
    assert admitted(origin).proposed
    origin.push({desired_path("staging"): render_desired(Desired(version(ONE), version(TWO)))})
    assert not admitted(origin).proposed


def test_the_verdicts_and_an_edited_record_are_told(origin: Origin) -> None:
    line = {"gate": "load", "status": "fail", "override": "the desk asked for it"}
    about = origin.evidence("staging", version(ONE), render_record(record(ONE)), verdicts=[line])
    wanted(origin, about, propose=False)
    other = record(ONE).model_copy(update={"name": "another"})
    origin.push({record_path(ONE): render_record(other)})
    evidence = admitted(origin)
    assert evidence.written is not None
    assert [(verdict.gate, verdict.status) for verdict in evidence.written.verdicts] == [
        ("load", "fail")
    ]
    assert evidence.written.verdicts[0].override == "the desk asked for it"
    assert evidence.record_sha256 != evidence.written.record_sha256


def test_a_rollback_says_that_it_is_one(origin: Origin) -> None:
    origin.want("staging", ONE, previous="", of=TWO)
    assert admitted(origin).rollback


def test_the_files_are_those_of_the_attempt_and_not_of_a_later_commit(origin: Origin) -> None:
    origin.want("staging", ONE)
    before = admitted(origin)
    origin.push(
        {evidence_path("staging"): origin.evidence("staging", version(TWO), "another record")}
    )
    assert admitted(origin) == before
