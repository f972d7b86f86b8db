"""The tiny model as Python code with numpy weights, for the runtime `python`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from serving.contract import MODEL, PREDICTOR, Contract, Task
from tests.serving.tiny import Variation, write_tiny_model

CODE = '''"""A sum of scaled features. Its parts import each other, as larger ones do."""

from pathlib import Path

import numpy as np

from .features import term


class Tiny:
    def __init__(self, weights):
        self.weights = weights

    def predict(self, columns):
        raw = sum(self.weights[name] * term(name, columns[name]) for name in columns)
        return 1 / (1 + np.exp(-raw))


def load(path):
    names = (Path(path) / "names.txt").read_text().split()
    return Tiny(dict(zip(names, np.load(Path(path) / "weights.npy"))))
'''
FEATURES = """import numpy as np

CENTRES = {"distance": (1000.0, 500.0), "wind": (10.0, 5.0), "hour": (12.0, 6.0)}
CARRIERS = {"AA": -0.8, "DL": 0.0, "UA": 0.9}


def term(name, values):
    if name == "carrier":
        return np.array([CARRIERS.get(value, 0.2) for value in values])
    centre, spread = CENTRES.get(name, (0.0, 1.0))
    scaled = (values.astype("float64") - centre) / spread
    return np.where(np.isnan(scaled), 0.0, scaled)
"""


def write_predictor(folder: Path, task: Task = "binary", **variations: Any) -> Contract:
    """Write predictor/, contract.json and examples.jsonl into `folder`."""
    fields = {"runtime": "python", **variations.pop("contract", {})}
    contract = write_tiny_model(folder, task, contract=fields, **variations)
    (folder / MODEL).unlink()
    home = folder / PREDICTOR
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / "__init__.py").write_text(CODE, encoding="utf-8")
    (home / "features.py").write_text(FEATURES, encoding="utf-8")
    weights = Variation(**variations).resolved()
    (home / "names.txt").write_text("\n".join(weights) + "\n", encoding="utf-8")
    np.save(home / "weights.npy", np.array(list(weights.values())))
    return contract
