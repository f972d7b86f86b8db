"""`delivery gate`: would the candidate in this checkout pass?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import httpx

from delivery.context import Context
from delivery.errors import DeliveryError, ForgeError
from delivery.evidence.trial import Submission
from delivery.github.errors import GithubError
from delivery.judgement.proposed import Judged, judge
from delivery.release.candidate import candidate
from delivery.report import markdown, write
from delivery.report.stamp import stamp
from delivery.settings.host import append
from delivery.settings.overrides import Overrides, require_allowed
from delivery.storage.dvc_lock import require_in_step

EVIDENCE = "artifacts/evidence"  # in the checkout, beside what it is about


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdicts on HEAD, and the pull request that was told, if there is one."""

    release: str
    champion: str | None
    judged: Judged
    pull: int | None


def gate(context: Context, overrides: Overrides) -> GateResult:
    """Judge HEAD by the policy of main. A preview: `release` and `promote` judge again.

    What keeps HEAD from being judged is told to its pull request as well, so that no older
    report stands there for it.
    """
    try:
        release, judged = _judge(context, overrides)
    except DeliveryError as error:
        if context.surroundings.in_job:
            _tell_why(context, error)
        raise
    about = stamp(judged.judgement, context.repository.commit("HEAD"))
    pull = _tell(context, f"{markdown(judged.judgement)}\n{about.line}\n")
    return GateResult(release, judged.judgement.champion, judged, pull)


def _judge(context: Context, overrides: Overrides) -> tuple[str, Judged]:
    repository = context.repository
    repository.require_clean()
    require_in_step(context.root)
    if context.surroundings.in_job:
        context.store.require_held()
    snapshot = context.snapshot()
    environment = snapshot.environment(snapshot.settings.first)
    require_allowed(environment, overrides.gates)
    subject = candidate(context, repository.commit("HEAD"))
    submission = Submission(context, snapshot, subject, environment)
    judged = judge(submission, overrides, "gate")
    report = write(judged.judgement, context.root / EVIDENCE).html
    return subject.bento.id, replace(judged, report=report)


def _tell_why(context: Context, error: DeliveryError) -> None:
    """What goes wrong here must not hide what went wrong before."""
    try:
        _tell(context, f"### Not judged\n\n{error}\n")
    except ForgeError as untold:
        context.progress(f"the pull request could not be told: {untold}")


def _tell(context: Context, text: str) -> int | None:
    """Put the report on the job's page and on the pull request; its number."""
    append(context.surroundings.summary, text)
    number = context.surroundings.pull or _pull_of_branch(context)
    if number is None:
        return None
    try:
        context.forge.comment(number, text)
    except GithubError as error:
        if error.status != httpx.codes.FORBIDDEN or not _from_outside(context):
            raise
        context.progress("a pull request from a fork gets no comment; the job's page has it")
        return None
    return number


def _pull_of_branch(context: Context) -> int | None:
    """The open pull request of the branch that is checked out."""
    github = context.surroundings.github
    if github is not None and not github.token:
        return None
    branch = context.repository.run("rev-parse", "--abbrev-ref", "HEAD")
    pulls = context.forge.pulls(head=branch, state="open")
    return pulls[0].number if pulls else None


def _from_outside(context: Context) -> bool:
    """Does the job's pull request come from a fork? Its token may read and nothing else."""
    github, pull = context.surroundings.github, context.surroundings.event.get("pull_request")
    if github is None or not pull:
        return False
    repository = pull["head"].get("repo") or {}
    return bool(repository.get("full_name") != github.slug)
