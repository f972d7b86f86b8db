"""Which releases may start here, and while what holds nothing does."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.promotion.admission import freshness_of
from delivery.state.desired import ReleaseRef
from delivery.state.history import Attempt
from delivery.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Admitted:
    """The releases of one environment, as one snapshot tells of them."""

    context: Context
    snapshot: Snapshot
    environment: str

    @property
    def previous(self) -> ReleaseRef:
        """The other release that was verified before, whatever desired.yaml says of it."""
        return self.version(self.snapshot.history(self.environment).beside)

    def version(self, version: ReleaseRef) -> ReleaseRef:
        """With an image, where the environment runs images and it was verified without one."""
        return self.context.version(self.snapshot, self.environment, version)

    def is_in_place(self, attempt: Attempt) -> bool:
        """Does it want another image of the release that has the traffic? The two do not stand
        beside each other, so neither clients nor copies can be shared between them."""
        previous = self.snapshot.history(self.environment).previous
        return previous.exists and previous.release == attempt.desired.wanted.release

    def may_start(self, previous: ReleaseRef) -> bool:
        """A previous release whose signature does not count any more is not kept warm."""
        if not previous.exists:
            return False
        signed = self.context.signature(
            self.snapshot, previous.release, self.environment, previous.image
        )
        if signed.status != "pass":
            self.context.progress(f"{previous.release} is not kept warm: {signed.why}")
        return signed.status == "pass"

    def bento(self, wanted: ReleaseRef) -> Bento:
        """Its checked bytes, and the image that carries it."""
        path = self.context.bento(self.snapshot, wanted.release)
        return Bento(wanted.release, path, wanted.image)

    def require_believed(self, attempt: Attempt) -> None:
        """HeldError where the events of the environment are in doubt. What is verified by events
        that are believed stays up all the same."""
        doubts = self.snapshot.ledger.doubts(self.environment)
        if doubts.rewritten or attempt.state is not State.VERIFIED:
            doubts.require_none()
        if doubts:
            self.context.progress(f"{self.environment} stays as it is: {doubts}")

    def require_fresh(self, attempt: Attempt) -> None:
        """HeldError while the evidence is about something else."""
        in_job = self.context.surroundings.in_job
        fresh = freshness_of(self.snapshot, attempt, in_job=in_job)
        if fresh.status != "pass":
            raise HeldError(
                f"{attempt.desired.wanted.release} does not start in {self.environment}: "
                f"{fresh.gate}: {fresh.why}. `delivery promote {self.environment} --release "
                f"{attempt.desired.wanted.release}` judges it anew."
            )
