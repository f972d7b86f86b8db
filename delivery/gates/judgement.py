"""A judgement: the verdicts on one release, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery.gates.verdict import Verdict


@dataclass(frozen=True)
class Judgement:
    """Verdicts and what they rest on. `evidence` is JSON only, for reports and records;
    `evidence["judged"]` names the hashes of everything that was judged."""

    verdicts: tuple[Verdict, ...]
    candidate: str
    champion: str | None
    evidence: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "candidate": self.candidate,
            "champion": self.champion,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
            "evidence": self.evidence,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Judgement:
        """The inverse of `to_json`."""
        return cls(
            verdicts=tuple(Verdict(**verdict) for verdict in content["verdicts"]),
            candidate=content["candidate"],
            champion=content["champion"],
            evidence=dict(content["evidence"]),
        )
