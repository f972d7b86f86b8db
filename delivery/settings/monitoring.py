"""`monitoring:` of delivery.yaml: what is promised to clients, and from where on somebody is told.

The rules of Prometheus and `delivery monitor` read the same numbers. docs/monitoring.md says what
they cost in false alarms.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

from pydantic import Field, field_validator

from serving.strict import Strict

Trigger = Literal["scores", "loss"]  # the judges whose alarm asks for a retrain

# s: the buckets of serving_request_seconds, the only limits that the histogram can tell.
BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Objective(Strict):
    """What clients are promised over 30 days. `availability` is the share of predictions that are
    answered without a 5xx, `fast` the share that is answered within `latency_ms`."""

    availability: float = Field(default=0.999, gt=0.5, lt=1)
    fast: float = Field(default=0.99, gt=0.5, lt=1)
    latency_ms: float = 250

    @field_validator("latency_ms")
    @classmethod
    def _is_a_bucket(cls, value: float) -> float:
        if value / 1000 not in BUCKETS:
            known = ", ".join(f"{1000 * bucket:g}" for bucket in BUCKETS)
            raise ValueError(f"expected an edge of the service's histogram: {known}")
        return value


class Drift(Strict):
    """When a window's scores lie elsewhere than those of the windows before: a population
    stability index above `psi`, or above what chance explains where that is more. Below `rows` on
    either side there is no verdict."""

    psi: float = Field(default=0.3, gt=0)
    rows: int = Field(default=500, ge=100)


class Quality(Strict):
    """Shares of a day's values. `rejected`: predictions that the contract refuses; `unseen`: values
    of a category that training had not; `missing` and `outside`: how much more is missing, or
    outside of all that training saw, than on any day of the four windows before; `volume`: how far
    a day may fall behind the same weekday before."""

    rejected: float = Field(default=0.05, gt=0, lt=1)
    unseen: float = Field(default=0.02, gt=0, lt=1)
    missing: float = Field(default=0.1, gt=0, lt=1)
    outside: float = Field(default=0.1, gt=0, lt=1)
    volume: float = Field(default=0.5, gt=0, lt=1)


class Labels(Strict):
    """How the truth comes: `coverage` of the requests have a label after `delay_days`. `shift` is
    the rise of the loss that is looked for, in its own unit: nats for classes."""

    delay_days: int = Field(default=1, ge=0, le=365)
    coverage: float = Field(default=0.8, gt=0, le=1)
    shift: float = Field(default=0.03, gt=0)


class Snooze(Strict):
    """To the end of the day `until`, in UTC, the alarm of `trigger` proposes no retrain. The judge
    goes on to judge."""

    trigger: Trigger
    until: date
    reason: str = Field(min_length=10, max_length=200)

    def holds(self, moment: float) -> bool:
        """Does it at `moment`, in s since 1970?"""
        return datetime.fromtimestamp(moment, UTC).date() <= self.until

    def __str__(self) -> str:
        return f"{self.trigger} is snoozed until {self.until}: {self.reason}"


class Monitoring(Strict):
    """`window_days` is the window in which scores are compared: whole weeks, so that weekdays
    cancel out. `in_flight` are the requests that a worker may have at once, on average. Without
    `labels` nobody expects any. After a retrain was proposed none is for `cool_down_days`; `snooze`
    names triggers that a person has put off.
    `repository` is the address of the repository, for links to runbooks."""

    objective: Objective = Objective()
    window_days: int = Field(default=7, ge=1, le=28)
    drift: Drift = Drift()
    quality: Quality = Quality()
    in_flight: float = Field(default=8, gt=0)
    labels: Labels | None = None
    cool_down_days: float = Field(default=14, ge=0)
    snooze: tuple[Snooze, ...] = ()
    repository: str = Field(default="", pattern=r"^(https://[^\s]+[^/\s])?$")
