"""The stages of the pipeline on a table that is made up: any number of rows and features."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from bench.scale.cost import Cost, cost

STAGES: Mapping[str, tuple[str, ...]] = {
    "ingest": ("pipeline.ingest",),
    "prepare": ("pipeline.prepare",),
    "train": ("pipeline.sealed", "train"),
    "evaluate": ("pipeline.sealed", "evaluate"),
    "export": ("pipeline.sealed", "export"),
}
# The label depends on the first feature. The model takes as many steps whatever the size is, so
# what grows is the reading, splitting and scoring of the template, and work of the library that is
# linear too.
MODEL = """\
import numpy as np
import pandas as pd
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def load(settings):
    random = np.random.default_rng(1)
    shape = settings.own["rows"], settings.own["features"]
    table = random.standard_normal(shape, dtype=np.float32)
    rows = pd.DataFrame(table, columns=[f"x{n}" for n in range(shape[1])])
    rows["row"] = np.arange(len(rows))
    rows["late"] = rows["x0"] + random.standard_normal(len(rows)) > 0
    return rows

def fit(train, validation, settings):
    steps = StandardScaler(), SGDClassifier(loss="log_loss", max_iter=3, tol=None, random_state=1)
    return make_pipeline(*steps).fit(train[list(settings.features)], train[settings.label])
"""
PARAMS = """\
data:
  task: binary
  roles: {{ label: late, row_id: row }}
prepare:
  split: {{ kind: random }}
train: {{ seed: 1 }}
evaluate: {{ threshold: f1 }}
export: {{ name: scale }}
model:
  load: {{ rows: {rows}, features: {features} }}
  fit: {{}}
"""


def train(rows: int, features: int, folder: Path) -> dict[str, Cost]:
    """Stage → what it cost, in an empty `folder`."""
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "__init__.py").write_text(MODEL, encoding="utf-8")
    text = PARAMS.format(rows=rows, features=features)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    (folder / "dvc.yaml").write_bytes(Path("dvc.yaml").read_bytes())
    return {stage: cost([sys.executable, "-m", *words], folder) for stage, words in STAGES.items()}
