"""Judge the running release of an attempt by the active gates."""

from __future__ import annotations

from dataclasses import replace

from delivery.context import Context
from delivery.deployment.admitted import Admitted
from delivery.evidence.live import Live
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import overridden
from delivery.judgement.active import judge_live
from delivery.state.history import Attempt
from delivery.state.snapshot import Snapshot


def judge_running(context: Context, snapshot: Snapshot, attempt: Attempt, url: str) -> Judgement:
    """The verdicts on what answers at `url`, beside the reasons that people gave with the attempt.

    A rollback is not put under load again: it was verified here.
    """
    environment = attempt.environment.name
    admitted = Admitted(context, snapshot, environment)
    wanted, previous = attempt.desired.wanted, admitted.previous
    live = Live(
        url,
        admitted.bento(wanted),
        admitted.bento(previous) if previous.exists else None,
        snapshot.settings.gates,
        context.progress,
        settings=context.target(attempt.environment).runtime.settings,
        under_load=not attempt.desired.is_rollback,
        signature=context.signed(snapshot, wanted.release, environment, wanted.image),
        envs=context.workspace / "envs",
    )
    judgement = judge_live(live)
    evidence = snapshot.evidence(environment, attempt.commit)
    reasons = evidence.reasons if evidence else {}
    return replace(judgement, verdicts=overridden(judgement.verdicts, reasons))
