"""`delivery batch run`: score files with the release of an environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from delivery.bento.batch import Outcome, Scoring, score
from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.errors import DeliveryError, HeldError, InputError, RefusedError
from delivery.evidence.reported.batch_pairs import batch_pairs
from delivery.files import write_whole
from delivery.gates.rollout import shadow
from delivery.gates.verdict import Verdict
from delivery.release.candidate import Candidate, released
from delivery.report.batch import batch_html, batch_markdown
from delivery.settings.host import append
from delivery.settings.policy import Environment
from delivery.state.snapshot import Snapshot
from serving.batch.documents import Manifest, Progress


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a job made of its input. `manifest` is None where it did not come so far, and
    `failure` says why nothing was published."""

    release: str
    environment: str
    output: str
    manifest: Manifest | None
    failure: DeliveryError | None
    report: Path | None
    compared: Verdict | None = None

    def to_json(self) -> dict[str, Any]:
        """The manifest without the list of its units, which is as long as the input."""
        manifest = self.manifest and self.manifest.model_dump(mode="json", exclude={"units"})
        return {
            "release": self.release,
            "environment": self.environment,
            "output": self.output,
            "published": self.failure is None,
            "failure": self.failure and str(self.failure),
            "report": self.report,
            "compared": self.compared,
            **(manifest or {}),
        }


@dataclass(frozen=True, slots=True)
class Whose:
    """Which release scores. None: the last environment, and the release that is verified there.
    `compare` is another release that scores the same rows, to be compared."""

    environment: str | None = None
    release: str | None = None
    compare: str | None = None


def run(
    context: Context, whose: Whose, scoring: Scoring, tell: Callable[[Progress], None]
) -> BatchResult:
    """Score what is not scored yet, report, and publish.

    Raises:
        InputError: main has no such environment or release, or the release is too old.
        HeldError: nothing is verified there.
        RefusedError: the release is not signed for the environment, failed there, or is code where
            none may run.
    """
    snapshot = context.snapshot()
    place = snapshot.environment(whose.environment or snapshot.settings.last)
    release = whose.release or _verified(snapshot, place)
    subject = _admitted(context, snapshot, place, release)
    other = _admitted(context, snapshot, place, whose.compare) if whose.compare else None
    context.progress(f"scoring with {release}")
    scoring = replace(scoring, text_length=place.serving.limits.text_length)
    envs = context.workspace / "envs"
    outcome = score(subject.bento, scoring, envs, tell)
    compared = None
    if other is not None and outcome.failure is None:
        context.progress(f"scoring with {other.bento.id}, to compare")
        again = partial(score, envs=envs, tell=tell)
        compared = _compare(subject.bento, other.bento, scoring, again)
    report = None
    if outcome.manifest is not None:
        report = context.workspace / "batch" / release / "report.html"
        write_whole(report, batch_html(outcome.manifest, scoring.output, outcome.failure, compared))
        summary = batch_markdown(outcome.manifest, scoring.output, outcome.failure)
        append(context.surroundings.summary, summary)
    return BatchResult(
        release, place.name, scoring.output, outcome.manifest, outcome.failure, report, compared
    )


def _compare(
    champion: Bento, candidate: Bento, scoring: Scoring, score: Callable[[Bento, Scoring], Outcome]
) -> Verdict:
    """The verdict of the gate `shadow` on what both made of the rows. The candidate's results lie
    below the champion's; a row that it refuses failed."""
    if champion.contract.task != candidate.contract.task:
        raise InputError(f"{candidate.id} is a model for another task than {champion.id}")
    output = f"{scoring.output.rstrip('/')}/compared/{candidate.id}"
    beside = replace(scoring, output=output, max_refused=1.0, drift="report")
    outcome = score(candidate, beside)
    if outcome.failure is not None:
        raise outcome.failure
    pairs = batch_pairs(scoring.output, output, champion.contract, candidate.contract)
    return shadow.judge(pairs, shadow.Policy())


def _verified(snapshot: Snapshot, environment: Environment) -> str:
    verified = snapshot.history(environment.name).anywhere.verified
    if not verified.exists:
        raise HeldError(
            f"no release is verified in {environment}, so there is none to score with. "
            f"`delivery status` shows why; --release names one that is signed."
        )
    return verified.release


def _admitted(
    context: Context, snapshot: Snapshot, environment: Environment, release: str
) -> Candidate:
    """The bytes of a release that may run in the environment."""
    record = snapshot.record(release)
    if failed := snapshot.history(environment.name).failed(release):
        raise RefusedError(f"{release} {failed.state.value} in {environment}: {failed.why}")
    if record.executes_code and not environment.settings.executes_code:
        raise RefusedError(
            f"{release} is a model that is code, and {environment} does not allow that: "
            "`executes_code` in delivery.yaml."
        )
    subject = released(context, snapshot, release)
    signed = context.signature(snapshot, release, environment.name)
    if signed.status != "pass":
        kind = RefusedError if signed.status == "fail" else HeldError
        raise kind(f"{release} must not score for {environment}: {signed.why}")
    return subject
