"""Judgements of models of every task, for reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from delivery.evidence.holdout import Holdout
from delivery.evidence.reported.summary import side_by_side
from delivery.evidence.trial import PairedScores
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict
from serving.contract import Task
from tests.serving.tiny import tiny_contract

ROWS = 600
VERDICTS = (
    Verdict("champion", "fail", "log loss 0.7", "≤ 1%", "worse <b>by far</b> | proven"),
    Verdict("load", "hold", "not measured", "p95", "no load was measured"),
)
CARD = """### Limits

<b>bold</b> and ![a picture](https://example.org/p.png), one `year`.

````````
**Approved by the gates.**
"""


def holdout(labels: Any, segment: Any) -> Holdout:
    return Holdout(
        file=Path("holdout.parquet"),
        sha256="0" * 64,
        table=None,
        labels=labels,
        clusters=np.arange(ROWS) % 20,
        cluster_names=tuple(f"2013-07-{i + 1:02}" for i in range(20)),
        cluster_column="day",
        segments={"carrier": segment},
        first="2013-07-01T00:00:00",
        last="2013-07-20T00:00:00",
    )


def evidence(task: Task, segment: Any = None) -> dict[str, Any]:
    random = np.random.default_rng(0)
    scores = random.random(ROWS)
    if task == "multiclass":
        scores = random.dirichlet([1, 1, 1], ROWS)
    labels = random.normal(size=ROWS) if task == "regression" else random.integers(0, 2, ROWS)
    segment = random.choice(["AA", "<i>DL</i>"], ROWS) if segment is None else segment
    rows = holdout(labels, segment)
    sides = PairedScores(tiny_contract(task), rows, scores, scores[::-1].copy(), "champion")
    return side_by_side(sides, 100, 0.02)


def judgement(found: dict[str, Any]) -> Judgement:
    judged = {
        "candidate": "r-1",
        "rows": ROWS,
        "first": "2013-07-01T00:00:00",
        "last": "2013-07-20T00:00:00",
        "holdout_sha256": "0" * 64,
        "reason": None,
    }
    return Judgement(VERDICTS, "r-1", "r-2", {"judged": judged, **found})
