"""An MLflow model around the ONNX graph: MLflow runs this file to load it ("models from code"),
and `python mlflow_model.py MODEL OUT` writes it.
"""

import sys
from pathlib import Path
from typing import Any

import mlflow.pyfunc
from scoring import Scorer, read_inputs


class Bench(mlflow.pyfunc.PythonModel):
    def load_context(self, context: Any) -> None:
        self._score = Scorer(Path(context.artifacts["folder"]))

    def predict(self, context, model_input, params=None):
        columns = {name: model_input[name].to_numpy() for name in model_input}
        return self._score.run(self._score.shaped(columns)).ravel()


mlflow.models.set_model(Bench())

if __name__ == "__main__":
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    kinds = {"float32": "float", "float64": "double", "int64": "long", "bool": "boolean"}
    columns = [
        ColSpec(kinds.get(spec["dtype"], "string"), spec["name"], required=not spec["nullable"])
        for spec in read_inputs(Path(sys.argv[1]))
    ]
    mlflow.pyfunc.save_model(
        sys.argv[2],
        python_model=__file__,
        artifacts={"folder": sys.argv[1]},
        signature=ModelSignature(inputs=Schema(columns)),
        pip_requirements=[],
    )
