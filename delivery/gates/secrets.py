"""No secret may be in what is released, or in what made its model: a bento keeps it for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.gates.verdict import Verdict
from serving.contract import Strict

GATE = "secrets"
NAMED = 5
REQUIRED = "no file has a secret in it"


class Policy(Strict):
    """Nothing to tune: what only looks like a secret says so in its line."""


@dataclass(frozen=True)
class Evidence:
    """`found` has a line per finding, as in `model/data.py:7 AWS Access Key`, and never the secret.
    None: nobody could look, and `missing` says why."""

    found: Sequence[str] | None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:  # noqa: ARG001 - every gate has one
    """Pass if nothing was found."""
    if evidence.found is None:
        return Verdict(GATE, "hold", "not looked at", REQUIRED, evidence.missing)
    found = list(evidence.found)
    measured = f"{len(found)} found"
    if found:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        why = (
            f"{'; '.join(found[:NAMED])}{more}. It is known to whoever can read: make it void first"
        )
        return Verdict(GATE, "fail", measured, REQUIRED, why, {"found": found})
    return Verdict(GATE, "pass", measured, REQUIRED, "no file looks as if it had one")
