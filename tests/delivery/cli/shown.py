"""Results of commands that tests of the command line show."""

from __future__ import annotations

from pathlib import Path

from delivery.forge.protocol import Pull
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Status, Verdict
from delivery.judgement.proposed import Judged

ONE, TWO = "r-111111111111", "r-222222222222"
PULL = Pull(7, "A title", "Body.", "head")


def verdict(status: Status, gate: str = "load") -> Verdict:
    return Verdict(gate, status, "300 ms", "250 ms", "why it is so")


def judgement(status: Status) -> Judgement:
    return Judgement((verdict(status),), ONE, None, {"judged": {}})


def judged(status: Status) -> Judged:
    return Judged(judgement(status), Path("report.html"))
