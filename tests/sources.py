"""A fork whose data come from a package, from git, from DVC and from a database."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer

from tests.checkout import IDENTITY, make_checkout

IN_GIT, IN_DVC = Path("data/errors.csv"), Path("data/worst.csv")


def make_sourced_checkout(destination: Path, database: Path) -> Path:
    """A repository with the model `sources`. The bytes under DVC are in its cache alone, and the
    database lies outside."""
    make_checkout(destination, "sources")
    data = load_breast_cancer(as_frame=True)
    (destination / "data").mkdir()
    for path, columns in ((IN_GIT, slice(10, 20)), (IN_DVC, slice(20, 30))):
        data.data.iloc[:, columns].to_csv(destination / path, index=False)
    labels = (data.target == 0).astype(int).rename("malignant").to_frame()
    labels["patient"] = labels.index.map("patient-{:03}".format)
    with sqlite3.connect(database) as connection:
        labels.to_sql("diagnoses", connection, index=False)
    params = destination / "params.yaml"
    params.write_text(params.read_text().replace("diagnoses.sqlite", str(database)))
    for command in (
        [sys.executable, "-m", "dvc", "add", "-q", str(IN_DVC)],
        ["git", "add", "--all"],
        ["git", "commit", "--quiet", "-m", "Bring the data"],
    ):
        subprocess.run(command, cwd=destination, check=True, env=os.environ | IDENTITY)
    (destination / IN_DVC).unlink()
    return destination
