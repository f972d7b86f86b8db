"""`delivery batch run`: score files with the release of an environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from delivery.bento.batch import Scoring, score
from delivery.context import Context
from delivery.errors import DeliveryError, HeldError, RefusedError
from delivery.files import write_whole
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
            **(manifest or {}),
        }


def run(
    context: Context,
    environment: str | None,
    release: str | None,
    scoring: Scoring,
    tell: Callable[[Progress], None],
) -> BatchResult:
    """Score what is not scored yet, report, and publish. None: the last environment, and the
    release that is verified there.

    Raises:
        InputError: main has no such environment or release, or the release is too old.
        HeldError: nothing is verified there.
        RefusedError: the release is not signed for the environment, failed there, or is code where
            none may run.
    """
    snapshot = context.snapshot()
    place = snapshot.environment(environment or snapshot.settings.last)
    release = release or _verified(snapshot, place)
    subject = _admitted(context, snapshot, place, release)
    context.progress(f"scoring with {release}")
    limits = place.serving.limits
    scoring = replace(scoring, text_length=limits.text_length)
    outcome = score(subject.bento, scoring, context.workspace / "envs", tell)
    report = None
    if outcome.manifest is not None:
        report = context.workspace / "batch" / release / "report.html"
        write_whole(report, batch_html(outcome.manifest, scoring.output, outcome.failure))
        summary = batch_markdown(outcome.manifest, scoring.output, outcome.failure)
        append(context.surroundings.summary, summary)
    return BatchResult(
        release, place.name, scoring.output, outcome.manifest, outcome.failure, report
    )


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
