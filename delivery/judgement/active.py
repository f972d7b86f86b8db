"""Judge an instance that runs, by the gates that are active there."""

from __future__ import annotations

from dataclasses import replace

from delivery.evidence.live import Live
from delivery.evidence.trial import judged
from delivery.gates.judgement import Judgement
from delivery.gates.registry import gates_at
from delivery.gates.verdict import Verdict


def judge_live(live: Live) -> Judgement:
    """The verdicts on what answers at `live.url`, or scores files where nothing answers. Nothing
    is answered from a cache."""
    verdicts: tuple[Verdict, ...] = ()
    for gate in gates_at("deploy", service=bool(live.url)):
        evidence = gate.evidence.observe(replace(live, verdicts=verdicts))
        if evidence is not None:
            verdicts += (gate.judge(evidence, live.policy.section(gate.name)),)
    facts = judged(live.bento, live.previous, live.policy) | {"url": live.url}
    previous = live.previous.id if live.previous else None
    return Judgement(verdicts, live.bento.id, previous, {"judged": facts})
