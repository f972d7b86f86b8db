"""A model that is code may run only where the policy says that code of a model may run."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.gates.verdict import Verdict

GATE = "executes_code"


@dataclass(frozen=True)
class Evidence:
    """Where it shall run, whether its model is code (`runtime: python`), and whether code of a
    model may run there: `environments.<name>.executes_code` in delivery.yaml."""

    environment: str
    executes_code: bool
    allowed: bool = False


def judge(evidence: Evidence) -> Verdict:
    """Pass if the model is a graph, or the environment lets code run."""
    setting = f"environments.{evidence.environment}.executes_code"
    allowed = "allowed" if evidence.allowed else "not allowed"
    required = f"code of a model is {allowed} in {evidence.environment}"
    if not evidence.executes_code:
        return Verdict(GATE, "pass", "a graph", required, "the model runs no code of its own")
    if evidence.allowed:
        return Verdict(GATE, "pass", "code", required, f"{setting} is true")
    why = (
        f"the model is code, which {setting} does not allow; who trusts it sets that to true in "
        "delivery.yaml on main"
    )
    return Verdict(GATE, "fail", "code", required, why)
