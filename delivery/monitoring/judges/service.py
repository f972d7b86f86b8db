"""Errors, latency and refusals against what is promised, as the live instances count them.

The counters begin with the process, so this is about the time since the live instances started.
"""

from __future__ import annotations

from dataclasses import dataclass

from delivery.monitoring.judges.finding import Finding
from delivery.settings.monitoring import Monitoring

LEAST = 1_000  # predictions: one bad answer in fewer would break the usual promise


@dataclass(frozen=True, slots=True)
class Counts:
    """Predictions since the instances started: `slow` were answered after the promised time,
    `refused` were not allowed by the contract."""

    answers: int = 0
    errors: int = 0
    slow: int = 0
    refused: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.answers + other.answers, self.errors + other.errors,
            self.slow + other.slow, self.refused + other.refused,
        )  # fmt: skip


def judge(counts: Counts | None, policy: Monitoring) -> tuple[Finding, ...]:
    """Errors, latency and refusals; `None` where no instance answers."""
    promised = policy.objective
    late = f"after {promised.latency_ms:g} ms"
    bad = counts or Counts()
    return (
        _share("errors", counts, bad.errors, (1 - promised.availability, "with 5xx")),
        _share("latency", counts, bad.slow, (1 - promised.fast, late)),
        _share("refused", counts, bad.refused, (policy.quality.rejected, "refused")),
    )


def _share(judge: str, counts: Counts | None, bad: int, promised: tuple[float, str]) -> Finding:
    limit, what = promised
    required = f"at most {100 * limit:.3g}% {what}"
    if counts is None:
        why = "no live instance tells its counters"
        return Finding(judge, "no verdict", "no counters", required, why)
    measured = f"{bad:,} of {counts.answers:,} since the start"
    if counts.answers < LEAST:
        why = f"{LEAST:,} predictions are needed"
        return Finding(judge, "no verdict", measured, required, why)
    over = bad > limit * counts.answers
    why = "more than is promised" if over else "as promised"
    return Finding(judge, "alarm" if over else "pass", measured, required, why)
