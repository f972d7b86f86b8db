"""A model of Python code answers as its exported twin does, or stops the start with one line."""

from __future__ import annotations

import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from delivery.bento.server import serving
from serving.predict.loaded_model import file_hashes, load_model
from serving.rows.validate import Validator
from serving.strict import DocumentError
from tests.delivery.bentos import shared_bench
from tests.serving.conftest import client_of
from tests.serving.tiny import WEIGHTS, tiny_frame, tiny_instances, tiny_scores
from tests.serving.tiny_predictor import write_predictor

INIT = "predictor/__init__.py"
ROWS = tiny_instances(tiny_frame(50, seed=3))


@pytest.fixture(autouse=True)
def bytecode() -> Iterator[None]:
    """Loading a predictor turns it off for the process, here for the test alone."""
    before = sys.dont_write_bytecode
    yield
    sys.dont_write_bytecode = before


def test_scores_are_those_of_the_trained_model(tmp_path: Path) -> None:
    write_predictor(tmp_path)
    frame = tiny_frame(500, seed=3)
    model = load_model(tmp_path)
    score = model.score(Validator(model.contract)(tiny_instances(frame)).columns)
    assert score.dtype == np.float32
    np.testing.assert_allclose(score, tiny_scores(frame, WEIGHTS, "binary"), atol=1e-6)


def test_loading_leaves_no_file_behind(tmp_path: Path) -> None:
    """Bytecode would be a file that the release does not have, and stop the next start."""
    write_predictor(tmp_path)
    before = file_hashes(tmp_path)
    assert load_model(tmp_path).files == before == file_hashes(tmp_path)


def test_two_predictors_do_not_mix(tmp_path: Path) -> None:
    write_predictor(tmp_path / "one")
    write_predictor(tmp_path / "two", weights={"distance": 5.0})
    columns = Validator(load_model(tmp_path / "one").contract)(ROWS).columns
    one, two = (load_model(tmp_path / name).score(columns) for name in ("one", "two"))
    assert not np.allclose(one, two)


def test_a_bento_of_it_serves(tmp_path_factory: pytest.TempPathFactory) -> None:
    bench = shared_bench(tmp_path_factory)
    subject = bench.bento("predictor", write_predictor)
    with serving(subject.path, subject.id, bench.workspace) as url:
        answer = httpx.post(f"{url}/predict", json={"instances": ROWS}).json()
        assert httpx.get(f"{url}/release").json()["runtime"] == "python"
    expected = tiny_scores(tiny_frame(50, seed=3), WEIGHTS, "binary")
    np.testing.assert_allclose(answer["predictions"], expected, atol=1e-6)


def appended(text: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        with (folder / INIT).open("a", encoding="utf-8") as file:
            file.write(text)

    return damage


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / INIT).unlink(), "no such file"),
        (appended("import nowhere\n"), "No module named 'nowhere'.*model/predictor"),
        (appended("1 = 2\n"), "SyntaxError"),
        (appended("del load\n"), "load.path. failed: AttributeError"),
        (appended("del Tiny.predict\n"), "load.path. failed: AttributeError: .*predict"),
        (appended("def load(path): raise OSError('a\\nb')\n"), "failed: OSError: a b"),
        (lambda folder: (folder / "predictor" / "names.txt").unlink(), "FileNotFoundError"),
        (
            lambda folder: (folder / "predictor" / "w.bin").write_bytes(pickle.dumps([1])),
            "predictor/w.bin is a pickle",
        ),
        (
            appended("Tiny.predict = lambda self, columns: [0.5, 0.5]\n"),
            r"the model answered \[2\] for 1 rows",
        ),
        (appended("Tiny.predict = lambda self, columns: 0.5\n"), r"answered \[\] for 1 rows"),
        (appended("Tiny.predict = lambda self, columns: [[.5, .5]]\n"), "a row's score is"),
        (appended("Tiny.predict = lambda self, columns: ['x']\n"), "cannot score.*ValueError"),
        (appended("Tiny.predict = lambda self, columns: [float('nan')]\n"), "no finite score"),
    ],
)
def test_a_misfit_stops_the_start_with_one_line(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    write_predictor(tmp_path)
    damage(tmp_path)
    with pytest.raises(DocumentError, match=reason) as caught:
        load_model(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_client_is_not_told_what_is_inside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_predictor(tmp_path)
    appended(
        "def predict(self, columns, plain=Tiny.predict):\n"
        "    if len(columns['wind']) == 2: raise KeyError('secret')\n"
        "    return plain(self, columns)\n"
        "Tiny.predict = predict\n"
    )(tmp_path)
    client = client_of(tmp_path)
    assert client.post("/predict", json={"instances": ROWS[:1]}).status_code == 200
    with caplog.at_level(logging.ERROR, "serving"):
        response = client.post("/predict", json={"instances": ROWS[:2]})
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "secret" in caplog.text
