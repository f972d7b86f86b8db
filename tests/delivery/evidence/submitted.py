"""Candidates that somebody wants to release: where they come from is a real origin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.bento.environment import LOCK
from delivery.evidence.trial import Submission, Trial
from delivery.release.candidate import Candidate, this_platform
from delivery.state.record import Source
from tests.delivery.evidence.trials import tiny_bento, tried
from tests.delivery.place import World, environment
from tests.origin import Origin

LOCKED = "made-up==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"

# A checkout has all of these: what goes into a bento, and what makes its model.
SOURCE = {
    "service.py": "one = 1\n",
    "serving/app.py": "one = 1\n",
    "bentos/online.yaml": "one: 1\n",
    "requirements/serving.lock": LOCKED,
    "requirements/pipeline.lock": LOCKED,
    "model/fit.py": "one = 1\n",
    "pipeline/train.py": "one = 1\n",
    "dvc.yaml": "stages: {}\n",
    "params.yaml": "train: {depth: 3}\n",
}


def candidate(folder: Path, commit: str = "0" * 40, lock: str = LOCKED) -> Candidate:
    """A candidate of a tiny model that installs what `lock` says."""
    return described(with_lock(tiny_bento(folder), lock), commit)


def with_lock(bento: Bento, lock: str) -> Bento:
    file = bento.path / LOCK
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(lock, encoding="utf-8")
    return bento


def described(bento: Bento, commit: str = "0" * 40) -> Candidate:
    """What is known of a bento without an SBOM."""
    return Candidate(
        commit=commit,
        bento=bento,
        source=Source(commit=commit, data="1" * 64, recipe="2" * 64),
        contract=bento.contract,
        platform=this_platform(bento.path),
        sbom=None,
        sbom_sha256=None,
    )


@dataclass(frozen=True)
class Desk:
    """Tries candidates out that come from `origin`."""

    origin: Origin
    folder: Path

    @property
    def world(self) -> World:
        return World(self.origin.path, lambda _: None)

    def trial(self, made: Candidate, where: str = "staging", **facts: object) -> Trial:
        """`made` on its way to `where`; `facts` are more of the submission."""
        world = self.world
        submission = Submission(world, world.snapshot(), made, environment(where), **facts)  # type: ignore[arg-type]
        trial = tried(made.bento)
        return Trial(
            trial.bento, None, trial.evaluation, trial.policy, trial.predictions, submission
        )
