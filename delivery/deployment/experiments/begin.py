"""Begins an experiment, and ends one by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from delivery.context import Context
from delivery.deployment.admitted import Admitted
from delivery.deployment.advance import PromoteRequest, require_admissible
from delivery.deployment.experiments.conduct import end
from delivery.deployment.strategies.ab import Conclusion
from delivery.deployment.transition import record_event
from delivery.errors import HeldError, InputError, RefusedError
from delivery.events.event import State, next_kind
from delivery.events.experiments import STARTED, Experiment, running
from delivery.evidence.live import Live
from delivery.gates.verdict import blocking
from delivery.judgement.active import judge_live
from delivery.promotion.admission import require_trusted
from delivery.settings.experiment import FEEDBACK, NEEDS
from delivery.state.history import Attempt
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Target

PATIENCE = 30.0  # s: as long as a tick of the command that watches may take


@dataclass(frozen=True, slots=True)
class Beginning:
    """An experiment to be begun in `environment`, and the releases that it compares."""

    environment: str
    champion: str
    challenger: str
    running: Experiment | None = None  # it began before


def planned(context: Context, snapshot: Snapshot, environment: str, release: str) -> Beginning:
    """What `begin` would do.

    Raises:
        InputError: no such environment or release, its target cannot do it, or there is no file of
            outcomes.
        HeldError: a rollout or another experiment is under way, or the release may not come here.
    """
    attempt = snapshot.attempt(environment)
    target = context.target(attempt.environment)
    if lacks := target.capabilities.lacks(NEEDS):
        raise InputError(
            f"an experiment in {environment} needs {', '.join(lacks)}, which its target lacks"
        )
    now = running(attempt.events)
    if now is not None:
        _require_same(now, environment, release)
        return Beginning(environment, now.champion, now.challenger, now)
    if attempt.state is not State.VERIFIED or attempt.desired.wanted.release == release:
        raise HeldError(
            f"{environment} has {attempt.desired.wanted.release}, which is {attempt.state.value}. "
            "An experiment compares another release with one that is verified there, and one "
            "rollout or experiment is under way at a time. `delivery status` shows it."
        )
    snapshot.record(release)
    _require_outcomes(context, attempt)
    require_admissible(snapshot, PromoteRequest(environment, release), release)
    if attempt.environment.upstream is None and not _was_verified(snapshot, environment, release):
        raise HeldError(f"{release} was never verified in {environment}: deploy it there first")
    return Beginning(environment, attempt.desired.wanted.release, release)


def begin(context: Context, environment: str, release: str) -> Experiment:
    """Start the release beside the champion, judge it, and write down that the experiment begins.
    One that began before is taken as it is. Raises as `planned`, and RefusedError where an active
    gate refuses it."""
    plan = planned(context, context.snapshot(), environment, release)
    if plan.running:
        return plan.running
    target = context.target(context.snapshot().environment(environment))
    with target.runtime.lock():
        snapshot = context.snapshot()
        plan = planned(context, snapshot, environment, release)
        attempt = snapshot.attempt(environment)
        if plan.running is None:
            _require_fit(context, snapshot, attempt, release, target)
            settings = attempt.environment.settings.experiment.model_dump(mode="json")
            now = Experiment(0, attempt.commit, plan.champion, release, settings)
            kind = next_kind(attempt.events, STARTED)
            record_event(context, attempt, kind, now.evidence)
    begun = running(context.snapshot().attempt(environment).events)
    if begun is None:
        raise HeldError(f"something else happened in {environment} meanwhile; look at its status")
    return begun


def stop(context: Context, environment: str, reason: str) -> Experiment:
    """A person ends it: all clients are the champion's.

    Raises:
        InputError: none runs, or no reason.
        HeldError: another command is at work there for long.
    """
    if not reason.strip():
        raise InputError('a stop needs a reason, which everybody can read: `--reason "…"`')
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _stop(context, environment, reason)
        except HeldError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)  # the command that watches has the lock for a tick


def _stop(context: Context, environment: str, reason: str) -> Experiment:
    target = context.target(context.snapshot().environment(environment))
    with target.runtime.lock():
        attempt = context.snapshot().attempt(environment)
        now = running(attempt.events)
        if now is None:
            raise InputError(f"no experiment runs in {environment}")
        by = context.surroundings.actor["name"]
        conclusion = Conclusion("stopped", f"{by}: {reason.strip()}")
        end(context, target, attempt, now, conclusion, {})
        return now


def since(now: Experiment) -> str:
    """When it began, for people."""
    return f"{datetime.fromtimestamp(now.begun):%Y-%m-%d %H:%M}"


def _require_same(now: Experiment, environment: str, release: str) -> None:
    if now.challenger != release:
        raise HeldError(
            f"an experiment with {now.challenger} runs in {environment} since {since(now)}; only "
            f'one can. `delivery experiment stop {environment} --reason "…"` ends it.'
        )


def _require_outcomes(context: Context, attempt: Attempt) -> None:
    source = attempt.environment.settings.experiment.outcome
    if source != FEEDBACK and not (context.root / source).is_file():
        raise InputError(
            f"{source} is not there, and environments.{attempt.environment}.experiment.outcome "
            "names it. Create it, empty to begin with, or set `outcome: feedback`"
        )


def _was_verified(snapshot: Snapshot, environment: str, release: str) -> bool:
    return snapshot.history(environment).ever_verified(release)


def _require_fit(
    context: Context, snapshot: Snapshot, attempt: Attempt, release: str, target: Target
) -> None:
    """The active gates, before the first client meets it."""
    environment = attempt.environment.name
    admitted = Admitted(context, snapshot, environment)
    version = admitted.version(snapshot.history(environment).version(release))
    require_trusted(context, snapshot, version, environment)
    champion, challenger = admitted.bento(attempt.desired.wanted), admitted.bento(version)
    instance = target.runtime.start(challenger)
    live = Live(
        instance.url,
        challenger,
        champion,
        snapshot.settings.gates,
        context.progress,
        settings=target.runtime.settings,
        signature=context.signed(snapshot, release, environment, version.image),
    )
    blocked = blocking(judge_live(live).verdicts)
    if blocked:
        why = "; ".join(f"{verdict.gate}: {verdict.why}" for verdict in blocked)
        raise RefusedError(
            f"{release} does not take part in an experiment in {environment}: {why}. The next "
            f"`delivery deploy {environment}` ends its process."
        )
