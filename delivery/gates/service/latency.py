"""A release may not be much slower or much larger than the champion beside it, on one machine.

Both answer the same requests in alternating blocks, so what the machine does meanwhile slows both.
Blocks are resampled: requests of one block are not independent.
Source: Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013 (repetition at the
level that varies, and bounds on the ratio instead of a test of equality).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.verdict import Status, Verdict
from serving.strict import Strict

GATE = "latency"
LEVEL = 0.975  # one-sided, for each of the two quantiles: 5% for both
DRAWS = 2_000
SEED = 20130101
QUANTILES = {"p50": 0.50, "p95": 0.95}
MINIMUM_BLOCKS = 5


class Policy(Strict):
    """Each side answers `blocks` times `requests` of one row.

    Refused is what is proven to take more than `ratio` times the champion's time and `slack_ms`
    more, or needs more than `memory_ratio` times the champion's memory and `memory_slack_mb` (10⁶
    bytes) more.
    """

    blocks: int = Field(default=24, ge=MINIMUM_BLOCKS, le=1_000)
    requests: int = Field(default=16, ge=1, le=1_000)
    ratio: float = Field(default=1.25, ge=1)
    slack_ms: float = Field(default=1.0, ge=0)
    memory_ratio: float = Field(default=1.5, ge=1)
    memory_slack_mb: float = Field(default=100.0, ge=0)


@dataclass(frozen=True)
class Side:
    """What one service took: milliseconds [blocks, requests]; MB (10⁶ bytes) that its processes
    hold after all requests, and at most held."""

    ms: Floats
    steady_mb: float
    peak_mb: float


@dataclass(frozen=True)
class Evidence:
    """Both sides of one run; None: not measured, and `missing` says why. `first`: no champion."""

    candidate: Side | None = None
    champion: Side | None = None
    first: bool = False
    missing: str = ""

    def to_json(self) -> list[list[Any]]:
        """Both sides, to be remembered."""
        sides = (self.candidate, self.champion)
        return [[side.ms.tolist(), side.steady_mb, side.peak_mb] for side in sides if side]

    @classmethod
    def from_json(cls, content: Any) -> Evidence:
        """The inverse of `to_json`; ValueError or TypeError for anything else."""
        own, other = (Side(np.asarray(ms, np.float64), *mb) for ms, *mb in content)
        return cls(own, other)


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Fail on proven harm; hold where a side was not measured."""
    required = (
        f"{LEVEL:.1%} bound of the excess over {policy.ratio:g} × champion ≤ "
        f"{policy.slack_ms:g} ms; memory ≤ {policy.memory_ratio:g} × champion or + "
        f"{policy.memory_slack_mb:g} MB"
    )
    if evidence.first:
        why = "a first release: there is no champion to stand beside it"
        return Verdict(GATE, "pass", "nothing to compare", required, why)
    candidate, champion = evidence.candidate, evidence.champion
    if candidate is None or champion is None:
        why = evidence.missing or "the two were not measured"
        return Verdict(GATE, "hold", "not measured", required, why)
    shape = candidate.ms.shape
    peaks = np.array([candidate.peak_mb, champion.peak_mb])
    if shape != champion.ms.shape or shape[0] < MINIMUM_BLOCKS:
        why = f"blocks of {shape} and {champion.ms.shape} requests cannot be compared"
        return Verdict(GATE, "hold", "not comparable", required, why)
    if not all(np.isfinite(part).all() for part in (candidate.ms, champion.ms, peaks)):
        return Verdict(GATE, "hold", "not finite", required, "a measurement is not a number")
    details = _details(candidate, champion, policy)
    problems = [*_slower(details, policy), *_larger(candidate, champion, policy)]
    status: Status = "fail" if problems else "pass"
    why = "; ".join(problems) or f"{candidate.ms.size} requests each, in {shape[0]} blocks"
    return Verdict(GATE, status, _measured(details), required, why, details)


def _details(candidate: Side, champion: Side, policy: Policy) -> dict[str, Any]:
    details: dict[str, Any] = {
        "memory_mb": {
            "candidate": {"steady": candidate.steady_mb, "peak": candidate.peak_mb},
            "champion": {"steady": champion.steady_mb, "peak": champion.peak_mb},
        }
    }
    picks = np.random.default_rng(SEED).integers(len(candidate.ms), size=(DRAWS, len(candidate.ms)))
    for name, share in QUANTILES.items():
        drawn = (np.quantile(s.ms[picks].reshape(DRAWS, -1), share, axis=1)
                 for s in (candidate, champion))  # fmt: skip
        own, other = drawn
        details[name] = {
            "candidate": float(np.quantile(candidate.ms, share)),
            "champion": float(np.quantile(champion.ms, share)),
            # How much more than the ratio allows, at least.
            "excess_ms": float(np.quantile(own - policy.ratio * other, 1 - LEVEL)),
        }
    return details


def _slower(details: dict[str, Any], policy: Policy) -> list[str]:
    return [
        f"{name} is {quantile['candidate']:.1f} ms, the champion's {quantile['champion']:.1f} ms: "
        f"at least {quantile['excess_ms']:.1f} ms more than {policy.ratio:g} times as long"
        for name, quantile in ((name, details[name]) for name in QUANTILES)
        if quantile["excess_ms"] > policy.slack_ms
    ]


def _larger(candidate: Side, champion: Side, policy: Policy) -> list[str]:
    own, other = candidate.peak_mb, champion.peak_mb
    limit = max(policy.memory_ratio * other, other + policy.memory_slack_mb)
    return [f"it needs {own:.0f} MB, {limit:.0f} MB are allowed"] if own > limit else []


def _measured(details: dict[str, Any]) -> str:
    times = (
        f"{name} {quantile['candidate']:.1f} against {quantile['champion']:.1f} ms "
        f"(bound of the excess {quantile['excess_ms']:+.1f} ms)"
        for name, quantile in ((name, details[name]) for name in QUANTILES)
    )
    memory = details["memory_mb"]
    peaks = (memory[side]["peak"] for side in ("candidate", "champion"))
    return f"{', '.join(times)}, memory {' against '.join(f'{peak:.0f}' for peak in peaks)} MB"
