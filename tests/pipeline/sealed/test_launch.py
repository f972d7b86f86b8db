"""What a careless `fit` does to see the holdout, each way in a real process, and what is let in."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from pipeline.sealed.launch import TOLD
from tests.pipeline.sealed.conftest import LIGHT, STAGES, Place, make_place, needs_landlock

PEEKING = """

import os, subprocess, sys
from pathlib import Path

honest = fit

def fit(train, validation, settings):
    rows = peek()
    assert len(rows), "saw nothing"
    print("saw the data")
    return honest(train, validation, settings)

def peek():
    {peek}
"""
RAW = "artifacts/data/raw.parquet"
WAYS = {
    "by its relative path": f'pd.read_parquet("{RAW}")',
    "by its absolute path": 'pd.read_parquet("{raw}")',
    "as plain bytes": 'open("{raw}", "rb").read()',
    "with the C++ reader of Arrow": 'pyarrow.parquet.ParquetFile("{raw}").read()',
    "mapped into memory by Arrow": 'pyarrow.memory_map("{raw}").read()',
    "by a path in the environment": 'pd.read_parquet(os.environ["RAW"])',
    "with a subprocess": 'subprocess.run(["cat", "{raw}"], stdout=-1, check=True).stdout',
    "in the holdout": 'pd.read_parquet("{data}/holdout.parquet")',
    "from the cache of DVC": 'open("{cache}", "rb").read()',
    "through an open file": 'os.fdopen({descriptor}, "rb").read()',
    "through the parent's open file": 'open(f"/proc/{{os.getppid()}}/fd/{descriptor}").read()',
    "in the parent's environment": 'open(f"/proc/{{os.getppid()}}/environ").read()',
    "by a link": 'os.symlink("{raw}", "link") or open("link", "rb").read()',
    "by a hard link": 'os.link("{raw}", "hard") or open("hard", "rb").read()',
    "by a move": 'os.rename("{raw}", "moved") or open("moved", "rb").read()',
}
TRYING = """

import os, subprocess

honest = fit

def fit(train, validation, settings):
    for name, way in WAYS.items():
        try:
            print(name, "SAW" if len(way()) else "stopped", sep=": ")
        except (OSError, KeyError, subprocess.CalledProcessError):
            print(name, "stopped", sep=": ")
    return honest(train, validation, settings)

"""


@pytest.fixture(scope="module")
def tried(prepared: Place, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a `fit` prints that tries every way, one after the other."""
    place = Place(tmp_path_factory.mktemp("tried") / "checkout")
    shutil.copytree(prepared.path, place.path)
    (place.path / "model" / "__init__.py").write_text(LIGHT, encoding="utf-8")
    raw = place.path / RAW
    cache = place.path / ".dvc" / "cache" / "files" / "md5" / "12" / "34"
    cache.parent.mkdir(parents=True)
    shutil.copyfile(raw, cache)
    before = raw.read_bytes()
    descriptor = os.open(raw, os.O_RDONLY)
    try:
        values = {"raw": raw, "data": raw.parent, "cache": cache, "descriptor": descriptor}
        ways = ", ".join(f"{k!r}: lambda: {way.format(**values)}" for k, way in WAYS.items())
        place.append(f"{TRYING}WAYS = {{{ways}}}\n")
        done = place.run("train", inherited=[descriptor], RAW=str(raw))
    finally:
        os.close(descriptor)
    assert done.returncode == 0, done.stderr
    assert raw.read_bytes() == before
    return done.stdout


@needs_landlock
@pytest.mark.parametrize("way", WAYS)
def test_fit_cannot_read_the_data(tried: str, way: str) -> None:
    assert f"{way}: stopped" in tried


@needs_landlock
def test_what_stops_it_says_where_and_what_to_do(light: Place) -> None:
    light.append(PEEKING.format(peek=f'return open("{light.path / RAW}", "rb").read()'))
    done = light.run("train")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"train: [Errno 13] Permission denied: '{light.path / RAW}' (model/__init" in done.stderr
    assert "train.inputs" in done.stderr


@needs_landlock
@pytest.mark.parametrize(
    ("source", "peek"),
    [
        (
            "package:scikit-learn/sklearn/datasets/data",
            "from sklearn.datasets import load_breast_cancer\n    return load_breast_cancer().data",
        ),
        ("model/all.csv", 'return pd.read_csv("model/all.csv")'),
    ],
)
def test_what_data_sources_names_is_closed(light: Place, source: str, peek: str) -> None:
    """The package that ships the data, and a small file in model/."""
    (light.path / "model" / "all.csv").write_text("a,b\n1,2\n")
    light.append(PEEKING.format(peek=peek))
    assert "saw the data" in light.run("train").stdout, "without a source it is open"
    light.params("data", sources=[source])
    done = light.run("train")
    assert done.returncode == 2
    assert "Permission denied" in done.stderr


@needs_landlock
def test_a_large_file_in_model_is_data_unless_it_is_declared(light: Place) -> None:
    (light.path / "model" / "tables").mkdir()
    table = light.path / "model" / "tables" / "weights.bin"
    table.write_bytes(bytes(100_000))
    light.append(PEEKING.format(peek='return Path("model/tables/weights.bin").read_bytes()'))
    assert "Permission denied" in light.run("train").stderr
    light.params("train", inputs=["model/tables"])
    assert "saw the data" in light.run("train").stdout
    statement = json.loads((light.path / "artifacts/sealed/train.json").read_text())
    assert "model/tables/weights.bin" in statement["read"]


@needs_landlock
@pytest.mark.parametrize(
    ("family", "kind"), [("AF_INET", "STREAM"), ("AF_INET", "DGRAM"), ("AF_UNIX", "STREAM")]
)
def test_fit_has_no_network(light: Place, family: str, kind: str) -> None:
    peek = f"import socket; return [socket.socket(socket.{family}, socket.SOCK_{kind})]"
    light.append(PEEKING.format(peek=peek))
    done = light.run("train")
    assert done.returncode == 2
    assert "Permission denied" in done.stderr


@needs_landlock
@pytest.mark.parametrize("stage", ["evaluate", "export"])
def test_a_model_that_looks_when_it_is_asked_is_stopped(place: Place, stage: str) -> None:
    """What `fit` returned is code as well: it must not look later, on its way into the release."""
    place.append(
        """

import pathlib

class Late(Pipeline):
    def predict_proba(self, rows):
        if pathlib.Path.cwd().name == ".STAGE":
            open("RAW", "rb").read()
        return super().predict_proba(rows)

honest = fit

def fit(train, validation, settings):
    return Late(honest(train, validation, settings).steps)
""".replace("STAGE", stage).replace("RAW", str(place.path / RAW))
    )
    before = {"evaluate": ["train"], "export": ["train", "evaluate"]}[stage]
    assert place.run(*before).returncode == 0
    done = place.run(stage)
    assert done.returncode == 2
    assert "Permission denied" in done.stderr


@needs_landlock
def test_fit_may_use_its_rows_a_temporary_file_processes_and_the_clock(light: Place) -> None:
    light.append(
        PEEKING.format(
            peek="import tempfile\n"
            "    from joblib import Parallel, delayed\n"
            "    with tempfile.NamedTemporaryFile() as file: file.write(b'x')\n"
            "    subprocess.run([sys.executable, '-c', 'import numpy'], check=True)\n"
            "    pd.Timestamp.now('Europe/Berlin')\n"
            "    return Parallel(n_jobs=2)(delayed(abs)(n) for n in (-1, -2))"
        )
    )
    done = light.run("train")
    assert "saw the data" in done.stdout, done.stderr


@needs_landlock
def test_the_statement_of_each_stage_is_about_what_went_in_and_came_out(evaluated: Place) -> None:
    assert evaluated.run("export").returncode == 0
    train, evaluate, export = (
        json.loads((evaluated.path / "artifacts" / "sealed" / f"{name}.json").read_text())
        for name in ("train", "evaluate", "export")
    )
    for statement in (train, evaluate, export):
        assert statement["sealed"] is True
        assert "files" in statement["held"]
        assert not any("holdout" in path or "raw" in path for path in statement["read"])
    assert train["wrote"].items() <= evaluate["read"].items()
    assert train["wrote"].items() <= export["read"].items()
    assert "artifacts/model/model.onnx" in export["wrote"]
    left = {path.name for path in (evaluated.path / "artifacts").iterdir()}
    assert left == {"data", "trained", "evaluation", "model", "sealed", ".ran"}
    assert TOLD.name not in left


def test_a_stage_that_ran_leaves_a_receipt_where_dvc_keeps_nothing(evaluated: Place) -> None:
    """Who has DVC restore a stage gets its statement, and no receipt."""
    ran, said = (evaluated.path / "artifacts" / name for name in (".ran", "sealed"))
    for stage in ("train", "evaluate"):
        assert (ran / f"{stage}.json").read_text() == (said / f"{stage}.json").read_text()
        outs = [*STAGES[stage]["outs"], *STAGES[stage].get("metrics", ())]
        assert [out for out in outs if out.startswith("artifacts/.ran")] == []


def test_without_landlock_a_stage_runs_and_says_that_it_was_not_sealed(
    light: Place, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from pipeline.sealed.launch import launch

    monkeypatch.setattr("pipeline.sealed.landlock.abi", lambda: 0)
    monkeypatch.chdir(light.path)
    assert launch("train") == 0
    told = capfd.readouterr()
    assert told.err.count("\n") == 1
    assert "train: not sealed" in told.err
    statement = json.loads(Path("artifacts/sealed/train.json").read_text())
    assert (statement["sealed"], statement["held"]) == (False, [])


def test_again_a_stage_that_cannot_be_sealed_does_not_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gate asks for it, in a job that may hold keys: code of a branch runs sealed or not."""
    from pipeline.errors import UnsealedError
    from pipeline.sealed.launch import launch

    monkeypatch.setattr("pipeline.sealed.landlock.abi", lambda: 0)
    monkeypatch.chdir(place.path)
    with pytest.raises(UnsealedError, match="no Landlock") as caught:
        launch("train", again=True)
    assert caught.value.exit_code == 4
    assert not Path("artifacts/trained").exists()


@needs_landlock
def test_again_an_export_tells_mlflow_nothing(evaluated: Place) -> None:
    done = evaluated.python("-m", "pipeline.sealed", "--again", "export")
    assert done.returncode == 0, done.stderr
    assert (evaluated.path / "artifacts" / "model" / "model.onnx").is_file()
    assert not (evaluated.path / "mlflow.db").exists()


def test_a_stage_that_fails_leaves_the_last_good_run(light: Place) -> None:
    assert light.run("train").returncode == 0
    trained = {path: path.read_bytes() for path in (light.path / "artifacts/trained").iterdir()}
    light.append("\n\ndef fit(train, validation, settings): raise SystemExit(7)\n")
    assert light.run("train").returncode == 7
    assert {path: path.read_bytes() for path in trained} == trained
    assert not (light.path / "artifacts" / ".train").exists()


def test_a_box_of_a_run_that_was_killed_is_cleared(light: Place) -> None:
    left = light.path / "artifacts" / ".train" / "artifacts" / "trained"
    left.mkdir(parents=True)
    (left / "half.pkl").write_text("half")
    assert light.run("train").returncode == 0
    assert not (light.path / "artifacts" / "trained" / "half.pkl").exists()


def test_the_seal_changes_no_byte(tmp_path: Path) -> None:
    """Trained, evaluated and exported with and without it."""
    place = make_place(tmp_path, "temporal")
    assert place.run("ingest", "prepare").returncode == 0
    made = []
    for sealed in (True, False):
        for stage in ("train", "evaluate", "export"):
            done = place.run(stage) if sealed else place.python("-m", f"pipeline.{stage}")
            assert done.returncode == 0, done.stderr
        folders = ("trained", "evaluation", "model")
        files = [f for name in folders for f in (tmp_path / "artifacts" / name).rglob("*")]
        made.append({file: file.read_bytes() for file in files if file.is_file()})
    assert made[0] == made[1]
