"""int8 where it was asked for, agrees and is faster; else the export says why not."""

from __future__ import annotations

from collections.abc import Callable

import onnx
import pytest
from pydantic import ValidationError

from pipeline.data.io import MODEL
from pipeline.errors import PipelineError
from pipeline.export.parity import ParityError
from pipeline.graph.quantize import FASTER, quantized
from pipeline.settings import Export
from serving.contract import read_contract
from serving.predict.loaded_model import load_model
from serving.rows.validate import Validator
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]
PERCEPTRON = """
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def load(settings):
    frame = load_breast_cancer(as_frame=True).frame
    frame["malignant"] = frame.pop("target") == 0
    frame["patient"] = frame.index.map("patient-{:03}".format)
    return frame


def fit(train, validation, settings):
    model = make_pipeline(StandardScaler(), MLPClassifier((64, 64), random_state=1, max_iter=30))
    return model.fit(train[list(settings.features)], train[settings.label])
"""


@pytest.fixture
def place(workspace: Make, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """How fast it is depends on the machine; here it always is."""
    monkeypatch.setattr("pipeline.graph.quantize.speed_up", lambda *_: 2.0)
    made = workspace("minimal")
    made.write_model(PERCEPTRON)
    return made


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_what_agrees_and_is_faster_ships_in_int8(place: Workspace) -> None:
    place.run(export__quantize="int8", export__tolerance=0.05)
    quantization = read_contract(MODEL).quantization
    assert quantization is not None
    assert (quantization.kind, quantization.tolerance) == ("int8", 0.05)
    assert 0 < quantization.worst <= 0.05
    kinds = {node.op_type for node in onnx.load(MODEL / "model.onnx").graph.node}
    assert "MatMulInteger" in kinds
    model = load_model(MODEL)
    columns = Validator(model.contract)(model.examples[:3]).columns
    for number, explained in enumerate(model.explain(columns)):
        alone = {name: column[[number]] for name, column in columns.items()}
        assert explained.score == model.score(alone)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_what_does_not_hold_is_refused(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = place.run(export__quantize="int8", export__tolerance=0.05)
    from pipeline.export.stage import export

    for times, refused in ((FASTER, False), (FASTER - 0.01, True)):
        monkeypatch.setattr("pipeline.graph.quantize.speed_up", lambda *_, times=times: times)
        if refused:
            with pytest.raises(PipelineError, match=r"1\.09 times as fast .* 1\.1 is expected"):
                export(settings)
        else:
            export(settings)
    with pytest.raises(ParityError, match=r"export\.tolerance"):
        place.run(export__tolerance=1e-5)


def test_a_model_without_matrix_products_is_refused() -> None:
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    x, y = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows"])
        for name in ("x", "y")
    )
    graph = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [x], [y]))
    with pytest.raises(PipelineError, match="no matrix products"):
        quantized(graph.SerializeToString())


def test_code_cannot_be_quantized() -> None:
    with pytest.raises(ValidationError, match="only a graph can be quantized"):
        Export(name="m", runtime="python", quantize="int8")
