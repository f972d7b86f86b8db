"""The rehearsal target: the local one inside one job, on a machine that ends with the job.

A release is started beside the one before, judged and given the traffic, as for real; then
everything is stopped. So `verified` in a rehearsal says that the bytes start, answer and switch,
and nothing about a place where clients are: its events are kept apart from all others.
"""

from __future__ import annotations

from delivery.state.events import REHEARSAL
from delivery.targets.local.target import LocalTarget


class RehearsalTarget(LocalTarget):
    """A place to run that does not last."""

    kind = REHEARSAL
    lasting = False
