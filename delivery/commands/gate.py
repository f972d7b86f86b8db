"""`delivery gate`: would the candidate in this checkout pass?"""

from __future__ import annotations

from dataclasses import dataclass

from delivery.candidate import candidate
from delivery.context import Context
from delivery.judging import Judged, judge
from delivery.report import markdown


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdicts on HEAD, and the pull request that was told, if there is one."""

    release: str
    champion: str | None
    judged: Judged
    pull: int | None


def gate(context: Context, *, reason: str) -> GateResult:
    """Judge HEAD by the policy of main. A preview: `release` and `promote` judge again."""
    repository = context.repository
    repository.require_clean()
    context.store.require_in_step()
    snapshot = context.snapshot()
    found = candidate(context, repository.commit("HEAD"))
    judged = judge(context, snapshot, found, snapshot.settings.gates, reason)
    pull = _tell(context, judged)
    return GateResult(found.bento.id, judged.judgement.champion, judged, pull)


def _tell(context: Context, judged: Judged) -> int | None:
    """Put the report on the open pull request of this branch."""
    branch = context.repository.run("rev-parse", "--abbrev-ref", "HEAD")
    for pull in context.forge.pulls(head=branch, state="open"):
        context.forge.comment(pull.number, markdown(judged.judgement))
        return pull.number
    return None
