"""The real clients of other servers, against a built bento that a platform has started."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import bentoml
import httpx
import numpy as np
import pytest
import tritonclient.http as tritonhttp
from bentoml.exceptions import BentoMLException
from tritonclient.utils import InferenceServerException

from delivery.bento import environment as venvs
from delivery.errors import TargetError
from serving.settings.service import ProtocolName, ServingSettings
from tests.delivery.bentos import ROOT, shared_bench, tiny
from tests.delivery.running import eventually, free_port
from tests.serving.protocols.speakers import SPEAKERS
from tests.serving.tiny import tiny_contract, tiny_frame, tiny_instances

ALL = ServingSettings(protocols=get_args(ProtocolName))
FRAME = tiny_frame(20, seed=6)[["distance", "wind", "hour", "weekend", "carrier"]]
FRAME.loc[3, "wind"] = np.nan
ROWS = tiny_instances(FRAME)


@dataclass(frozen=True)
class Place:
    """Where a bento answers, and the scores that its own protocol gives for ROWS."""

    port: int
    release: str
    scores: np.ndarray

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Started as a container is by SageMaker, with the argument `serve`, and as by Vertex AI or a
    serverless platform, with the port and routes in variables."""
    bench = shared_bench(tmp_path_factory)
    subject = bench.bento("better", tiny())
    python = venvs.environment(subject.path, bench.workspace / "envs")
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    variables = {
        "PATH": f"{python.parent}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        # The bento is shared with other tests, and its content is hashed.
        "PYTHONPYCACHEPREFIX": str(venvs.bytecode(python)),
        "RELEASE_ID": subject.id,
        "SERVING_ENVIRONMENT": "local",
        "PORT": str(port),
        "BENTO_PATH": str(subject.path.absolute()),
        "AIP_PREDICT_ROUTE": "/aip/predict",
        "AIP_HEALTH_ROUTE": "/aip/health",
        **ALL.to_environment(),
    }
    entrypoint = subject.path / "env" / "docker" / "entrypoint.sh"
    command = ["bash", entrypoint.absolute(), "serve", "--host", "127.0.0.1"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, cwd=home)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            eventually(lambda: _answers(client, process, home / "log"), seconds=90)
            scores = SPEAKERS["native"].scores(client, tiny_contract(), ROWS)
        yield Place(port, subject.id, scores)
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_bentomls_own_client_calls_what_is_typed(place: Place) -> None:
    """It learns the calls from /schema.json."""
    with bentoml.SyncHTTPClient(place.url) as client:
        assert set(client.endpoints) == {"predict", "explain", "feedback"}
        answer = client.predict(instances=ROWS)
        np.testing.assert_array_equal(np.array(answer["predictions"], np.float32), place.scores)
        [one] = client.explain(instances=ROWS[:1])["explanations"]
        assert np.float32(one["prediction"]) == place.scores[0]
        with pytest.raises(BentoMLException, match="hour: found 24"):
            client.predict(instances=[ROWS[0] | {"hour": 24}])
        with pytest.raises(TypeError, match="rows"):
            client.predict(rows=ROWS)


def _answers(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def client(place: Place) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=place.url) as client:
        yield client


@pytest.mark.parametrize("name", SPEAKERS)
def test_the_bento_speaks_as_the_application_does(
    client: httpx.Client, place: Place, name: str
) -> None:
    found = SPEAKERS[name].scores(client, tiny_contract(), ROWS)
    assert found.tobytes() == place.scores.tobytes()


@pytest.fixture(scope="module")
def triton(place: Place) -> Iterator[tritonhttp.InferenceServerClient]:
    with tritonhttp.InferenceServerClient(f"127.0.0.1:{place.port}") as client:
        yield client


class TestTriton:
    def inputs(self, binary: bool) -> list[tritonhttp.InferInput]:
        datatypes = ("FP32", "FP32", "INT64", "BOOL", "BYTES")
        found = []
        for name, datatype in zip(FRAME, datatypes, strict=True):
            values = FRAME[name].to_numpy(object if datatype == "BYTES" else None)
            tensor = tritonhttp.InferInput(name, [len(FRAME)], datatype)
            tensor.set_data_from_numpy(values, binary_data=binary)
            found.append(tensor)
        return found

    def test_it_finds_the_server_and_the_model(
        self, triton: tritonhttp.InferenceServerClient, place: Place
    ) -> None:
        assert triton.is_server_live()
        assert triton.is_server_ready()
        assert triton.is_model_ready("tiny")
        assert triton.is_model_ready("tiny", "1")
        assert triton.is_model_ready("tiny", place.release)
        assert not triton.is_model_ready("tiny", "2")
        assert not triton.is_model_ready("huge")
        assert triton.get_server_metadata()["extensions"] == ["binary_tensor_data"]

    def test_the_metadata_are_those_of_the_contract(
        self, triton: tritonhttp.InferenceServerClient, place: Place
    ) -> None:
        metadata = triton.get_model_metadata("tiny")
        assert metadata["versions"] == ["1", place.release]
        assert metadata["inputs"][2] == {"name": "hour", "datatype": "INT64", "shape": [-1]}
        assert metadata["outputs"] == [
            {"name": "score", "datatype": "FP32", "shape": [-1]},
            {"name": "decision", "datatype": "BYTES", "shape": [-1]},
        ]

    def test_bytes_in_and_out_are_its_default(
        self, triton: tritonhttp.InferenceServerClient, place: Place
    ) -> None:
        result = triton.infer("tiny", self.inputs(binary=True), request_id="é-1")
        assert result.get_response()["id"] == "é-1"
        assert result.get_response()["model_version"] == place.release
        assert result.as_numpy("score").tobytes() == place.scores.tobytes()
        decisions = [bytes(value).decode() for value in result.as_numpy("decision")]
        assert decisions == [str(bool(score >= 0.5)) for score in place.scores]

    @pytest.mark.parametrize("binary", [True, False])
    def test_outputs_come_as_they_were_asked_for(
        self, triton: tritonhttp.InferenceServerClient, place: Place, binary: bool
    ) -> None:
        wanted = [
            triton_output("decision", binary_data=False),
            triton_output("score", binary_data=binary),
        ]
        scalars = [tensor for tensor in self.inputs(True) if tensor.name() != "wind"]
        wind = triton_input_json("wind", [None if x != x else x for x in FRAME["wind"].tolist()])
        result = triton.infer("tiny", [*scalars, wind], "1", outputs=wanted)
        assert [output["name"] for output in result.get_response()["outputs"]] == [
            "decision",
            "score",
        ]
        assert result.as_numpy("score").tobytes() == place.scores.tobytes()

    def test_a_refusal_is_the_clients_own_exception(
        self, triton: tritonhttp.InferenceServerClient
    ) -> None:
        with pytest.raises(InferenceServerException, match="hour: found no such field"):
            triton.infer("tiny", self.inputs(True)[:2])
        with pytest.raises(InferenceServerException, match="no model is called 'huge'"):
            triton.infer("huge", self.inputs(True))


def triton_output(name: str, *, binary_data: bool) -> tritonhttp.InferRequestedOutput:
    return tritonhttp.InferRequestedOutput(name, binary_data=binary_data)


def triton_input_json(name: str, values: list[float | None]) -> tritonhttp.InferInput:
    """An input in JSON with nulls, which the client's own setter does not write."""
    tensor = tritonhttp.InferInput(name, [len(values)], "FP32")
    tensor._data = values
    return tensor


class TestMlflow:
    @pytest.fixture
    def mlflow(self, place: Place) -> Any:
        from mlflow.pyfunc.scoring_server.client import ScoringServerClient

        return ScoringServerClient("127.0.0.1", place.port)

    def test_it_scores_a_frame_in_which_a_number_is_missing(
        self, mlflow: Any, place: Place
    ) -> None:
        mlflow.wait_server_ready(timeout=1)
        answer = mlflow.invoke(FRAME, params={"unused": 1})
        found = answer.get_predictions()[0].to_numpy(np.float32)
        assert found.tobytes() == place.scores.tobytes()
        assert mlflow.get_version() == place.release

    def test_a_refusal_has_its_message(self, mlflow: Any) -> None:
        with pytest.raises(Exception, match=r"error code 400.*row 0, hour: found 99"):
            mlflow.invoke(FRAME.assign(hour=99))


LOCK = ROOT / "requirements" / "clients.lock"


@pytest.fixture(scope="module")
def strangers(place: Place, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What clients got whose packages do not go with ours."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / venvs.LOCK).parent.mkdir(parents=True)
    shutil.copy(LOCK, folder / venvs.LOCK)
    try:
        python = venvs.environment(folder, shared_bench(tmp_path_factory).folder / "envs")
    except TargetError as error:
        pytest.skip(f"requirements/clients.lock cannot be installed here: {error}")
    command = [python, Path(__file__).with_name("strangers.py"), f"127.0.0.1:{place.port}"]
    environ = {"PATH": os.defpath, "HOME": str(folder)}
    rows = json.dumps(ROWS)
    done = subprocess.run(command, input=rows, capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.clients
@pytest.mark.parametrize(
    ("client", "answers"),
    [
        ("sagemaker", ["named", "unnamed", "csv"]),
        ("vertex", ["predictions"]),
        ("kserve", ["v1", "v2 False", "v2 True"]),
    ],
)
def test_clients_of_other_places_get_the_same_bits(
    strangers: dict[str, Any], place: Place, client: str, answers: list[str]
) -> None:
    """boto3 for SageMaker, Google's for Vertex AI, KServe's for both of its protocols."""
    for answer in answers:
        found = np.array(strangers[client][answer], np.float32)
        assert found.tobytes() == place.scores.tobytes()


@pytest.mark.clients
def test_they_find_the_service_alive_and_understand_refusals(strangers: dict[str, Any]) -> None:
    states = ("alive", "ready", "v2 alive", "v2 ready")
    assert [strangers["kserve"][state] for state in states] == [True] * 4
    for client in ("sagemaker", "vertex"):
        assert "400" in strangers[client]["refusal"]
        assert "row 0, distance: found no such field" in strangers[client]["refusal"]


DOCS = ROOT / "docs" / "protocols.md"
COMMANDS = re.findall(r"^```console\n(.*?)^```", DOCS.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("example", COMMANDS)
def test_the_docs_show_what_happens(place: Place, example: str) -> None:
    """A command, and the answer that it gets, with numbers to four digits."""
    lines = example.splitlines()
    command = "\n".join(line[2:] for line in lines if line.startswith(("$ ", "> ")))
    shown = "\n".join(line for line in lines if not line.startswith(("$ ", "> ")))
    command = command.replace("localhost:3000", f"127.0.0.1:{place.port}")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    found = re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.4f}", done.stdout)
    assert found.replace(place.release, "r-0123456789ab").strip() == shown.strip()


def test_every_protocol_has_an_example() -> None:
    text = "\n".join(COMMANDS)
    for path in ("/predict", "/v2/", "/invocations", "/v1/models/", "/predictions/", "/aip/"):
        assert path in text
