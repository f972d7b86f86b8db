"""Every rule over the manifests of an environment, and what they complain about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.manifests.objects import Manifests
from delivery.manifests.rules import environment, pods, workloads

RULES = (*pods.RULES, *workloads.RULES, *environment.RULES)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that an object breaks."""

    rule: str
    object: str
    complaint: str
    protects: str

    def __str__(self) -> str:
        return f"{self.object} {self.complaint} (protects from: {self.protects})"


def breaches(manifests: Manifests) -> Sequence[Breach]:
    """All of them, in the order of the rules."""
    return [
        Breach(rule.name, name, complaint, rule.protects)
        for rule in RULES
        for name, complaint in rule.check(manifests)
    ]
