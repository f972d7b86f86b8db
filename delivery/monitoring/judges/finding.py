"""What a judge of the monitor says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["pass", "alarm", "no verdict"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`alarm` on what somebody should look at, `no verdict` where there is too little to say.

    `measured`, `required` and `why` are for people, one short line each; `details` holds numbers
    for reports, JSON only.
    """

    judge: str
    status: Status
    measured: str
    required: str
    why: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def alarms(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.status == "alarm")
