"""What main wants of an environment, where it says so clearly."""

from __future__ import annotations

from delivery.errors import HeldError, InputError
from delivery.promotion.admission import open_because
from delivery.state.history import Attempt
from delivery.state.snapshot import Snapshot


def clear_attempt(snapshot: Snapshot, environment: str) -> Attempt:
    """The newest attempt, if it says what shall have the traffic. If not, whoever has it keeps it.

    Raises:
        InputError: main's file cannot be read.
        HeldError: it wants nothing, something is verified, and nobody closed the route.
    """
    attempt = snapshot.attempt(environment)
    if attempt.malformed:
        raise InputError(
            f"{attempt.malformed} Nothing was deployed, and the traffic of {environment} stays "
            f"where it is. `git revert {attempt.commit[:12]}` and push, or `delivery rollback "
            f"{environment}`, which proposes what was verified last."
        )
    if not attempt.desired.wanted.exists:
        _require_closed(snapshot, environment)
    return attempt


def _require_closed(snapshot: Snapshot, environment: str) -> None:
    if why := open_because(snapshot.history(environment)):
        raise HeldError(f"{environment}: {why}.")
