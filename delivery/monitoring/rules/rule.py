"""A rule of Prometheus: one that records a series, or one that tells somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["page", "ticket"]
RUNBOOK = "docs/runbook.md"


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that other rules and dashboards read. Its name says which labels are left, what was
    measured, and over which time."""

    name: str
    expression: str

    def to_yaml(self, _: str) -> dict[str, Any]:
        return {"record": self.name, "expr": self.expression}


@dataclass(frozen=True, slots=True)
class Alert:
    """`page` wakes somebody, `ticket` waits until the morning. `lasts` is how long the expression
    has to hold. `summary` may name labels, as Prometheus writes them."""

    name: str
    expression: str
    severity: Severity
    summary: str
    lasts: str = "0m"

    @property
    def anchor(self) -> str:
        return self.name.lower()

    def to_yaml(self, repository: str) -> dict[str, Any]:
        page = f"{repository}/blob/main/{RUNBOOK}" if repository else RUNBOOK
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.lasts,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "runbook_url": f"{page}#{self.anchor}"},
        }


Rule = Recording | Alert


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that Prometheus evaluates one after the other, every `interval`."""

    name: str
    interval: str
    rules: tuple[Rule, ...]

    def to_yaml(self, repository: str) -> Mapping[str, Any]:
        rules = [rule.to_yaml(repository) for rule in self.rules]
        return {"name": self.name, "interval": self.interval, "rules": rules}

    def alerts(self) -> tuple[Alert, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, Alert))
