"""`delivery monitor ENV`: judge what was written down about an environment, and propose a retrain
where that is the answer.

    one machine     delivery monitor ENV [--propose]
    two jobs        delivery monitor ENV                   where the log is; may not write
                    delivery monitor ENV --from FOLDER --propose    may write, reads monitor.json
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from delivery.bento.bento import Bento
from delivery.bento.temporary import Servers
from delivery.context import Context
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import Pull
from delivery.forge.runs import Runs
from delivery.monitoring.counters import counts
from delivery.monitoring.judges.finding import Finding
from delivery.monitoring.judges.rows import Log
from delivery.monitoring.judges.trigger import Decision, Past, decide
from delivery.monitoring.log import read
from delivery.monitoring.memory import Memory
from delivery.monitoring.observation import observe, reach, unserved, with_counts
from delivery.monitoring.report import Monitored, write
from delivery.predictions.truth import from_model
from delivery.release.candidate import released
from delivery.retraining.proposal import RETRAIN, pack_to, propose_from, train
from delivery.state.snapshot import Snapshot

EVIDENCE, TEXT = "monitor.json", "monitor.md"
LONGEST = 30_000  # characters of evidence in a pull request
INPUT = 1_000  # and of a workflow's input


@dataclass(frozen=True, slots=True)
class MonitorRequest:
    """What of `environment` to look at. `log` is where the prediction log is, `until` the end
    of the newest window in s since 1970; `folder` has what another job found."""

    environment: str
    log: str = ""
    until: float | None = None
    folder: Path | None = None
    propose: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """What was found, where it lies, whether a retrain is the answer, and what came of that."""

    environment: str
    release: str
    findings: tuple[Finding, ...]
    folder: Path
    decision: Decision
    pull: Pull | None = None
    outcome: str = ""


def monitor(context: Context, request: MonitorRequest) -> MonitorResult:
    """Judge the window and write a report; with `propose`, train and open a pull request if the
    findings ask for it.

    Raises:
        InputError: no log, or a folder without evidence.
        HeldError: nothing is verified in the environment.
    """
    snapshot = context.snapshot()
    snapshot.environment(request.environment)
    folder = request.folder or context.workspace / "monitor" / request.environment
    if request.folder is None:
        write(_look(context, snapshot, request), folder)
    evidence = _evidence(folder, request.environment)
    findings = tuple(Finding(**each) for each in evidence["findings"])
    memory = Memory(context.repository, request.environment)
    before, proposed = memory.proposed()
    past = Past(_open_pull(context), proposed)
    until = datetime.fromisoformat(evidence["until"]).timestamp()
    decision = decide(findings, past, until, snapshot.settings.monitoring)
    pull, outcome = None, ""
    if decision.propose and request.propose and not request.dry_run:
        memory.keep(evidence, before)
        pull, outcome = _retrain(context, (folder / TEXT).read_text(encoding="utf-8"), decision)
    return MonitorResult(
        request.environment, evidence["release"], findings, folder, decision, pull, outcome
    )


def _look(context: Context, snapshot: Snapshot, request: MonitorRequest) -> Monitored:
    name, policy = request.environment, snapshot.settings.monitoring
    history = snapshot.history(name)
    live, previous = history.verified.release, history.previous.release
    if not history.verified.exists:
        raise HeldError(f"nothing is verified in {name}, so nothing is watched there yet")
    until = time.time() if request.until is None else request.until
    environment = snapshot.environment(name)
    if not (environment.settings.serves or request.log):
        return Monitored(name, live, "", until, 0, unserved(name))
    bento = released(context, snapshot, live).bento
    runtime = context.target(environment).runtime
    address = request.log or environment.settings.predictions or str(runtime.predictions)
    since = until - reach(policy)
    labels = from_model(context.root, datetime.fromtimestamp(since, UTC))
    reading = read(address, bento.contract, since, labels)
    log = Log(reading.rows.between(0, until), until, bento.contract, reading.delays)
    before: Bento | None = None
    if history.previous.exists and previous != live:
        before = released(context, snapshot, previous).bento
    with Servers(context.workspace, context.progress) as servers:
        seen = observe(log, (bento, before), servers, policy)
    instances = runtime.instances().items()
    urls = [each.url for release, each in instances if release == live and each.alive]
    seen = with_counts(seen, counts(urls, policy), policy)
    if reading.skipped:
        seen = seen.noting(f"{reading.skipped} lines of the log could not be read")
    return Monitored(name, live, before.id if before else "", until, len(log.rows), seen)


def _evidence(folder: Path, environment: str) -> Mapping[str, Any]:
    """What was found here, or by another job: data, whoever wrote it."""
    try:
        content = json.loads((folder / EVIDENCE).read_text(encoding="utf-8"))
        evidence = {key: content[key] for key in ("environment", "release", "until", "findings")}
        for each in evidence["findings"]:
            Finding(**each)
        datetime.fromisoformat(evidence["until"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder / EVIDENCE} is no evidence ({error}); `delivery monitor {environment}` "
            "writes it"
        ) from error
    if evidence["environment"] != environment:
        raise InputError(
            f"{folder / EVIDENCE} is about {evidence['environment']}, not {environment}"
        )
    return evidence


def _open_pull(context: Context) -> int | None:
    """The retrain pull request that waits, if there is one."""
    waiting = (
        pull.number
        for pull in context.forge.pulls(state="open")
        if RETRAIN in pull.labels and pull.head.startswith(f"{RETRAIN}/")
    )
    return next(waiting, None)


def _retrain(context: Context, text: str, decision: Decision) -> tuple[Pull | None, str]:
    """Train here and propose; in a job, ask train.yml for it."""
    github = context.surroundings.github
    if github is not None and context.surroundings.in_job:
        reason = f"{decision.why}. {context.surroundings.run_url}"[:INPUT]
        Runs(context.api, github.slug).start("train.yml", "main", {"reason": reason})
        return None, "asked train.yml for a retrain"
    train(context, ())
    packed = context.workspace / "packed"
    pack_to(context, packed)
    result = propose_from(context, packed, reason=text[:LONGEST])
    if result.unchanged:
        return None, "the data has nothing new: the same model came of it"
    return result.pull, "trained and proposed"
