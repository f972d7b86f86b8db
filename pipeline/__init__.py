"""The stages that make a model from data: ingest, prepare, train, evaluate, export.

Each stage is a module, a section of params.yaml and a test file. `dvc.yaml` runs them.
"""

import os

# OpenMP reads this when LightGBM or scikit-learn loads it. Without it, threads that wait burn the
# cores that others need: on a busy machine training takes up to ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
