"""Is the evidence beside desired.yaml what `delivery` proposed, and about these bytes?"""

from __future__ import annotations

from delivery.gates.supply_chain.freshness import Evidence, Written
from delivery.state.desired import desired_path, evidence_path
from delivery.state.evidence_file import EvidenceFile
from delivery.state.history import Attempt
from delivery.state.record import record_path, record_sha256
from delivery.state.snapshot import Snapshot


def admit(snapshot: Snapshot, attempt: Attempt, *, in_job: bool = False) -> Evidence:
    """Of what main wants, before anything starts."""
    environment, wanted = attempt.environment.name, attempt.desired.wanted
    paths = desired_path(environment), evidence_path(environment)
    desired, text = (snapshot.text(attempt.commit, path) for path in paths)
    proposed, unattested = snapshot.ledger.proposal(environment, desired, text)
    evidence = snapshot.evidence(environment, attempt.commit)
    record = snapshot.text(snapshot.commit, record_path(wanted.release))
    return Evidence(
        release=wanted.release,
        bento_sha256=wanted.bento_sha256,
        record_sha256=record_sha256(record),
        written=_written(evidence),
        proposed=proposed,
        unattested=unattested,
        replaces=_replaces(snapshot, attempt, evidence),
        replaced=tuple(snapshot.replaced_by(attempt)),
        rollback=attempt.desired.is_rollback,
        in_job=in_job,
    )


def _replaces(snapshot: Snapshot, attempt: Attempt, evidence: EvidenceFile | None) -> str | None:
    """The attempt that the proposal was made for. One of before there were logs is for any."""
    if (
        evidence
        and evidence.replaces is None
        and snapshot.ledger.precedes_logs(attempt.environment.name)
    ):
        return snapshot.replaced_by(attempt)[0]
    return evidence.replaces if evidence else None


def _written(evidence: EvidenceFile | None) -> Written | None:
    if evidence is None:
        return None
    bento = evidence.judged.candidate_sha256 if evidence.judged else None
    verdicts = tuple(line.verdict for line in evidence.verdicts)
    return Written(evidence.release, bento, evidence.record_sha256, verdicts)
