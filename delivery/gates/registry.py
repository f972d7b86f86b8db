"""Every gate, a line each. A gate X of the kind K is

    delivery/gates/K/X.py       pure: `judge(evidence[, policy])`, and `Policy` if it has knobs
    delivery/evidence/K/X.py    gathers the evidence, by a function for each moment (MOMENTS)
    tests/delivery/gates/K/test_X.py, a negative control in tests/negative, a section in docs/gates

The lines stand in the order in which evidence is gathered and verdicts are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from delivery.gates.verdict import Verdict
from serving.strict import Strict

Kind = Literal["quality", "service", "supply_chain"]
Command = Literal[
    "gate", "release", "promote", "start", "deploy", "verify", "reproduce", "image sign"
]
Moment = Literal["gather", "observe", "admit", "remake", "vouch"]

# The function that gathers, and the commands that call it: of a candidate in temporary servers,
# of an instance that runs, of what main wants before anything starts, of a release made anew, of
# an image before somebody signs for it.
MOMENTS: Mapping[Moment, tuple[Command, ...]] = {
    "gather": ("gate", "release", "promote"),
    "observe": ("deploy", "verify"),
    "admit": ("start",),
    "remake": ("reproduce",),
    "vouch": ("image sign",),
}
PROPOSED = MOMENTS["gather"]
LIVE = MOMENTS["observe"]
EVERYWHERE: tuple[Command, ...] = (*PROPOSED, *LIVE)


@dataclass(frozen=True)
class Gate:
    """`protects_from` completes the sentence for people; `at` are the commands that judge by it. A
    person's reason makes up for its verdict unless it says what runs, who made it, where code may
    run, or what evidence is about. One that `needs_service` is not asked where none runs."""

    name: str
    kind: Kind
    protects_from: str
    at: tuple[Command, ...] = PROPOSED
    overridable: bool = True
    needs_service: bool = False

    @property
    def module(self) -> ModuleType:
        return import_module(f"delivery.gates.{self.kind}.{self.name}")

    @property
    def evidence(self) -> ModuleType:
        """Where its evidence is gathered. The pure side never asks for it."""
        return import_module(f"delivery.evidence.{self.kind}.{self.name}")

    @property
    def policy(self) -> type[Strict]:
        """Its knobs; an empty document if it has none."""
        policy: type[Strict] = getattr(self.module, "Policy", NoPolicy)
        return policy

    def judge(self, evidence: Any, policy: Strict) -> Verdict:
        """The verdict on evidence of this gate's kind."""
        knobs = () if isinstance(policy, NoPolicy) else (policy,)
        verdict: Verdict = self.module.judge(evidence, *knobs)
        return verdict


class NoPolicy(Strict):
    """The section of a gate without knobs."""


GATES = (
    Gate("holdout_reuse", "quality", "models that are tried on the holdout until one looks good"),
    Gate("baseline", "quality", "a first release that has learned nothing"),
    Gate("champion", "quality", "a release that is worse than the one in production"),
    Gate("too_good", "quality", "a model that seems to have seen the holdout"),
    Gate("calibration", "quality", "scores that no longer mean what they say"),
    Gate("behaviour", "quality", "a model that is wrong where its author knows better"),
    Gate("robustness", "quality", "a model that depends on details that callers cannot keep"),
    Gate("best", "quality", "quality that falls release by release"),
    Gate("data", "quality", "data that is broken, thin or contains the answer"),
    Gate(
        "agreement",
        "quality",
        "a release that scores files otherwise than the champion does",
        at=("promote",),
    ),
    Gate(
        "smoke",
        "service",
        "another release running than the one that was released",
        at=LIVE,
        overridable=False,
        needs_service=True,
    ),
    Gate("parity", "service", "a model that changed on its way into the service", at=EVERYWHERE),
    Gate(
        "contract",
        "service",
        "clients that break with the new release, or with a rollback",
        at=EVERYWHERE,
    ),
    Gate(
        "security",
        "service",
        "a service that malformed requests break, or that anybody may call",
        at=LIVE,
        needs_service=True,
    ),
    Gate(
        "load",
        "service",
        "a service that is too slow or fails under its traffic",
        at=EVERYWHERE,
        needs_service=True,
    ),
    Gate(
        "latency",
        "service",
        "a release that needs much more time or memory than the champion",
        needs_service=True,
    ),
    Gate("artefact", "supply_chain", "files that run code when they are loaded"),
    Gate("sbom", "supply_chain", "a package that nobody knows is inside"),
    Gate("licences", "supply_chain", "a package whose licence asks more than you want to give"),
    Gate(
        "reproducible_build",
        "supply_chain",
        "a build that depends on where, when or by whom it is made",
        at=("gate", "release"),
    ),
    Gate("sealed", "supply_chain", "a model that was fitted on the answers of the holdout"),
    Gate("code", "supply_chain", "code that is known as dangerous"),
    Gate("secrets", "supply_chain", "credentials in a bento or in its commit"),
    Gate("dependencies", "supply_chain", "packages with known vulnerabilities"),
    Gate(
        "vulnerabilities",
        "supply_chain",
        "images with vulnerabilities that a newer package would end",
        at=("image sign",),
        overridable=False,
    ),
    Gate(
        "executes_code",
        "supply_chain",
        "model code where nobody agreed to run it",
        at=(*PROPOSED, "start"),
        overridable=False,
    ),
    Gate(
        "signature",
        "supply_chain",
        "releases that nobody trusted made, or that were changed",
        at=("release", "promote", "start", "deploy", "verify"),
        overridable=False,
    ),
    Gate(
        "freshness",
        "supply_chain",
        "a deployment on missing, foreign or edited evidence",
        at=("start",),
        overridable=False,
    ),
    Gate(
        "reproduction",
        "supply_chain",
        "a model that nobody can make again",
        at=("reproduce",),
        overridable=False,
    ),
)
RENAMED = {"looks": "holdout_reuse", "reproducible": "reproducible_build"}  # old name → today's
OVERRIDABLE = frozenset(gate.name for gate in GATES if gate.overridable)


def gates_at(command: Command, *, service: bool = True) -> Iterator[Gate]:
    """The gates that `command` judges by, where a `service` runs or none does."""
    return (gate for gate in GATES if command in gate.at and (service or not gate.needs_service))


def gate(name: str) -> Gate:
    """The gate called `name`, by today's name or an older one; KeyError if there is none."""
    return {known.name: known for known in GATES}[RENAMED.get(name, name)]


def table() -> str:
    """All gates as a Markdown table, for docs/gates/README.md."""
    head = "gate", "kind", "protects from", "judged at", "can be overridden"
    rows = [f"| {' | '.join(head)} |", "|---|---|---|---|---|"]
    for gate in GATES:
        page, kind = gate.kind.replace("_", "-"), gate.kind.replace("_", " ")
        shown = ["before a start" if name == "start" else f"`{name}`" for name in gate.at]
        may = "yes" if gate.overridable else "no"
        link = f"[{gate.name}]({page}.md#{gate.name})"
        rows.append(f"| {link} | {kind} | {gate.protects_from} | {', '.join(shown)} | {may} |")
    return "\n".join(rows)
