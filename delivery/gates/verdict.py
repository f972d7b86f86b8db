"""The verdict of a gate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

# `not checked`: it could not be found out, on the machine of a person, who sees that. It blocks
# nothing there and is no pass. In a job the verdict is `hold` instead.
Status = Literal["pass", "fail", "hold", "not checked"]
BLOCKING = ("fail", "hold")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says: `fail` on proof of harm, `hold` where evidence is missing. Both block.

    `measured`, `required` and `why` are for people, one short line each; `details` holds the
    numbers behind them, JSON only, for reports. `override` is the reason of the person who let a
    blocking verdict pass.
    """

    gate: str
    status: Status
    measured: str
    required: str
    why: str
    details: Mapping[str, Any] = field(default_factory=dict)
    override: str = ""

    def to_json(self) -> dict[str, Any]:
        """Of the details, a number that JSON has not, NaN or infinity, is null."""
        return asdict(self) | {"details": _finite(self.details)}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def blocking(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts that do not let the candidate pass."""
    return tuple(
        verdict for verdict in verdicts if verdict.status in BLOCKING and not verdict.override
    )


def overridden(verdicts: Iterable[Verdict], overrides: Mapping[str, str]) -> tuple[Verdict, ...]:
    """The verdicts with the reasons (gate → reason) on those that would block without one."""
    return tuple(
        replace(verdict, override=overrides.get(verdict.gate, ""))
        if verdict.status in BLOCKING
        else verdict
        for verdict in verdicts
    )


def listed(problems: Sequence[str], shown: int = 5) -> str:
    """The first problems in one line, and how many more there are."""
    more = f" and {len(problems) - shown} more" if len(problems) > shown else ""
    return "; ".join(problems[:shown]) + more
