"""Every tag, ref and branch that `delivery` writes on origin: one table, a parser and its inverse.

`<attempt>` is the first-parent commit of main that changed an environment's desired.yaml.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

FIELDS = {
    "environment": r"[a-z][a-z0-9-]*",
    "attempt": r"[0-9a-f]{40}",
    "event": r"[a-z]+(?:-\d+)?",
    "sha256": r"[0-9a-f]{64}",
    "holdout": r"[0-9a-f]{40}",
    "number": r"\d+",
    "release": r"r-[0-9a-f]{12}",
    "short": r"[0-9a-f]{12}",
    "log": r"events|rehearsals",
}
TAGS, BRANCHES = "refs/tags/", "refs/heads/"
LOOKS = "refs/delivery/looks"
PULLS = "refs/pulls"
SEEN_PULLS = "refs/delivery/pulls"  # of this checkout alone: what it last fetched of PULLS
LOGS = f"{BRANCHES}delivery"
ORIGIN_LOGS = "refs/delivery/origin"  # of this checkout alone: LOGS as they are on origin
SEEN_LOGS = "refs/delivery/seen"  # and the newest of them that it ever saw


class Grammar(Enum):
    """The kinds of refs, by their templates."""

    # What happened to the attempts of an environment: delivery.events.log.
    LOG = f"{LOGS}/{{log}}/{{environment}}"
    ORIGIN_LOG = f"{ORIGIN_LOGS}/{{log}}/{{environment}}"
    SEEN_LOG = f"{SEEN_LOGS}/{{log}}/{{environment}}"
    # The same as annotated tags, before there were logs.
    EVENT = f"{TAGS}promo/{{environment}}/{{attempt}}/{{event}}"
    # The same, where nothing stayed up afterwards.
    REHEARSED = f"{TAGS}promo/{{environment}}/{{attempt}}/rehearsal/{{event}}"
    # `delivery` proposed exactly these texts of desired.yaml and evidence.json.
    PROPOSAL = f"{TAGS}promo/{{environment}}/proposed/{{sha256}}"
    # A blob: the hash of the n-th model that was judged on a holdout.
    LOOK = f"{LOOKS}/{{holdout}}/{{number}}"
    # A JSON blob: the evidence on which the monitor last proposed a retrain.
    MONITOR = "refs/delivery/monitor/{environment}"
    # A JSON blob: a pull request of the local forge.
    PULL = f"{PULLS}/{{number}}"
    SEEN_PULL = f"{SEEN_PULLS}/{{number}}"
    # The branches of pull requests that change what an environment runs.
    PROMOTION = f"{BRANCHES}promote/{{environment}}/{{release}}"
    ROLLBACK = f"{BRANCHES}rollback/{{environment}}/{{short}}"

    @property
    def pattern(self) -> re.Pattern[str]:
        return _pattern(self.value)


@dataclass(frozen=True, slots=True)
class LogName:
    """Which event log: of what happened in an environment, or in rehearsals of it."""

    environment: str
    rehearsed: bool = False

    def __str__(self) -> str:
        return self.ref(Grammar.LOG).removeprefix(BRANCHES)

    def ref(self, grammar: Grammar) -> str:
        """The log on origin (`LOG`), or what this checkout knows of it."""
        log = "rehearsals" if self.rehearsed else "events"
        return Ref(grammar, {"log": log, "environment": self.environment}).name


@dataclass(frozen=True, slots=True)
class Ref:
    """A ref by its grammar and the fields of its template."""

    grammar: Grammar
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        """The full name; ValueError where a field does not fit its pattern."""
        name = self.grammar.value.format(**self.fields)
        if not self.grammar.pattern.fullmatch(name):
            raise ValueError(f"{name} is no {self.grammar.name.lower()} ref")
        return name

    @property
    def short(self) -> str:
        """The name of the tag or branch."""
        return self.name.removeprefix(TAGS).removeprefix(BRANCHES)


def parse_ref(name: str) -> Ref | None:
    """The inverse of `Ref.name`; None for a ref that is not in the table."""
    for grammar in Grammar:
        if match := grammar.pattern.fullmatch(name):
            return Ref(grammar, match.groupdict())
    return None


def event_tag(environment: str, attempt: str, event: str, *, rehearsed: bool) -> str:
    """The tag that says that `event` happened to an attempt."""
    grammar = Grammar.REHEARSED if rehearsed else Grammar.EVENT
    return Ref(grammar, {"environment": environment, "attempt": attempt, "event": event}).short


def attempt_of(tag: str) -> tuple[str, str]:
    """Environment and attempt of a promotion tag, whatever the rest of its name is."""
    _, environment, attempt, *_ = (*tag.split("/"), "", "")
    return environment, attempt


def is_event_tag(tag: str, log: LogName) -> bool:
    """Is it a tag about what belongs into this log, whatever the rest of its name is?"""
    _, environment, attempt, *rest = (*tag.split("/"), "", "")
    rehearsed = "rehearsal" in rest
    return (environment, rehearsed) == (log.environment, log.rehearsed) and attempt != "proposed"


def proposal_sha256(desired: str, evidence: str) -> str:
    """Of these texts of the two files."""
    return hashlib.sha256(f"{desired}\0{evidence}".encode()).hexdigest()


def proposal_tag(environment: str, desired: str, evidence: str) -> str:
    """The tag that says that `delivery` proposed these texts of the two files."""
    fields = {"environment": environment, "sha256": proposal_sha256(desired, evidence)}
    return Ref(Grammar.PROPOSAL, fields).short


def promotion_branch(environment: str, release: str) -> str:
    """The branch of the pull request that promotes `release`."""
    return Ref(Grammar.PROMOTION, {"environment": environment, "release": release}).short


def rollback_branch(environment: str, attempt: str) -> str:
    """The branch of the pull request that rolls an attempt back."""
    return Ref(Grammar.ROLLBACK, {"environment": environment, "short": attempt[:12]}).short


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """A template as a pattern with a named group for each of its fields."""
    fields = {name: f"(?P<{name}>{pattern})" for name, pattern in FIELDS.items()}
    return re.compile(template.format(**fields))
