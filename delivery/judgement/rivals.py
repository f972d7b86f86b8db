"""Which earlier releases a candidate is compared with, beside the champion.

Losses on different holdouts say nothing about each other. So the record of each promotion, the
candidate's loss and the champion's on the same rows, is added up along the chain of champions:
that tells which were the best. Those are asked again, on the rows of today (delivery.evidence.quality.best).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from delivery.bento.temporary import Subject
from delivery.context import Context
from delivery.errors import DeliveryError
from delivery.evidence.evaluation import Rivals
from delivery.gates.quality.best import Policy
from delivery.state.events import State
from delivery.state.snapshot import Snapshot

MONTH = timedelta(days=30.44)
UNKNOWN = -math.inf  # asked before all others: it could be the best


def find_rivals(context: Context, snapshot: Snapshot, candidate: str, policy: Policy) -> Rivals:
    """The best releases by record, with their bytes.

    One that stands worse in the record than the champion is no rival: it is beaten already.
    """
    levels = recorded_levels(snapshot, policy.months)
    champion = snapshot.champion().release
    beaten = levels.get(champion, UNKNOWN)
    names = [
        release
        for release, level in sorted(levels.items(), key=lambda item: item[1])
        if release not in (candidate, champion) and (level < beaten or beaten == UNKNOWN)
    ]
    try:
        chosen = names[: policy.releases]
        return Rivals(tuple(Subject(name, context.bento(snapshot, name)) for name in chosen))
    except DeliveryError as error:
        return Rivals(missing=str(error))


def recorded_levels(snapshot: Snapshot, months: int) -> Mapping[str, float]:
    """Release → how its loss stands by the record, lower is better.

    For all that were verified in the last environment in the `months` before main's newest
    commit, and not revoked or rejected since.
    """
    environment = snapshot.settings.last
    oldest = snapshot.moment(snapshot.commit) - months * MONTH
    levels: dict[str, float] = {}
    standing: dict[str, bool] = {}
    for attempt in reversed(snapshot.history(environment)):
        release, state = attempt.desired.wanted.release, attempt.anywhere.state
        if not attempt.desired.wanted.exists:
            continue
        if state is State.VERIFIED:
            if not attempt.desired.is_rollback:
                judged = snapshot.evidence(environment, attempt.commit).get("judged")
                levels[release] = _level(judged, levels)
            recent = snapshot.moment(attempt.commit) >= oldest
            standing[release] = recent or standing.get(release, False)
        elif state.failed:
            standing[release] = False
    return {name: levels.get(name, UNKNOWN) for name, stands in standing.items() if stands}


def _level(judged: Any, levels: Mapping[str, float]) -> float:
    """The champion's level, and by how much the release was better or worse, as a log ratio."""
    known: Mapping[str, Any] = judged if isinstance(judged, dict) else {}
    champion, loss, before = (known.get(key) for key in ("champion", "loss", "champion_loss"))
    if "loss" in known and champion is None:
        return 0.0  # the first release: everything is measured from it
    numbers = [value for value in (loss, before) if isinstance(value, int | float) and value > 0]
    if len(numbers) < 2 or not isinstance(champion, str) or champion not in levels:
        return UNKNOWN
    return levels[champion] + math.log(numbers[0] / numbers[1])
