"""A pipeline that does not come out the same is found, by the first stage that differs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.commands.reproduce import reproduce
from delivery.context import Context
from delivery.evidence.supply_chain.reproduction import stages
from delivery.release.candidate import record
from delivery.state.record import Record, record_path, render_record
from tests.delivery.bentos import Bench, lay_out
from tests.delivery.released import make_candidate
from tests.origin import ROOT, Origin, make_origin

PIPELINE = """\
stages:
  train:
    cmd: python train.py
    deps: [raw.txt, train.py]
    outs: [artifacts/model]
    metrics: [artifacts/evaluation/metrics.json]
  ingest:
    cmd: python -c "open('raw.txt', 'w').write('raw')"
    outs: [raw.txt]
"""
# Its weights differ a little from run to run, as they do from processor to processor.
TRAIN = f"""\
import json
import secrets
import sys
from pathlib import Path

sys.path.insert(0, {str(ROOT)!r})
from tests.serving.tiny import write_tiny_model

write_tiny_model(Path("artifacts/model"), noise=1e-4, seed=secrets.randbelow(10**9))
Path("artifacts/evaluation").mkdir(parents=True)
Path("artifacts/evaluation/metrics.json").write_text(json.dumps({{"auc": 0.75}}))
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    return make_origin(tmp_path_factory.mktemp("shaky"))


@pytest.fixture(scope="module")
def shaky(origin: Origin, bench: Bench, better: Bento) -> Record:
    """A release on main whose training depends on the system's random numbers."""
    lay_out_into(origin)
    for command in (["init", "--quiet"], ["repro", "--quiet"]):
        subprocess.run(
            [sys.executable, "-m", "dvc", *command], cwd=origin.path, check=True,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )  # fmt: skip
    made = record(make_candidate(bench, better))
    commit = origin.push({}, "Train")
    found = made.model_copy(
        update={"made_from": made.made_from.model_copy(update={"commit": commit})}
    )
    bentos = origin.path / ".delivery" / "bentos"
    bentos.mkdir(parents=True)
    (bentos / made.id).symlink_to(better.path)
    (bentos.parent / "envs").symlink_to(bench.workspace / "envs")
    return found


def lay_out_into(origin: Origin) -> None:
    source = lay_out(origin.path.parent / "source")
    files = {
        "dvc.yaml": PIPELINE, "train.py": TRAIN, "requirements/pipeline.lock": "",
        ".gitignore": "/raw.txt\n/artifacts/\n/.delivery/\n",
    }  # fmt: skip
    for file in source.rglob("*"):
        if file.is_file():
            files[str(file.relative_to(source))] = file.read_text(encoding="utf-8")
    for name, text in files.items():
        (origin.path / name).parent.mkdir(parents=True, exist_ok=True)
        (origin.path / name).write_text(text)


def publish(origin: Origin, record: Record) -> None:
    origin.push({record_path(record.id): render_record(record)}, "Release")


def test_a_training_that_is_not_reproducible_is_refused_by_reproduction(
    origin: Origin, shaky: Record
) -> None:
    publish(origin, shaky)
    told: list[str] = []
    result = reproduce(Context(origin.path, told.append), shaky.id)
    assert result.verdict is not None
    assert result.verdict.status == "fail"
    assert result.verdict.why == "stage train wrote another artifacts/model: from the same inputs"
    assert "running stage 'ingest'" in told
    assert result.folder is not None
    again = stages((result.folder / "dvc.lock").read_text())
    assert [stage.name for stage in again] == ["ingest", "train"]


def test_on_another_platform_predictions_and_metrics_decide(origin: Origin, shaky: Record) -> None:
    elsewhere = shaky.platform.model_copy(update={"arch": "riscv64"})
    publish(origin, shaky.model_copy(update={"platform": elsewhere}))
    result = reproduce(Context(origin.path, lambda _: None), shaky.id)
    assert result.verdict is not None
    assert result.verdict.status == "pass", result.verdict
    assert "recorded riscv64" in result.verdict.why
    assert 0 < result.verdict.details["predictions"] < 0.01
    assert result.verdict.details["metrics"] == {"auc": 0}
    assert result.folder is None


def test_a_pipeline_that_fails_holds(origin: Origin, shaky: Record) -> None:
    commit = origin.push({"train.py": "raise SystemExit('no GPU')\n"}, "Break it")
    source = shaky.made_from.model_copy(update={"commit": commit})
    publish(origin, shaky.model_copy(update={"made_from": source}))
    result = reproduce(Context(origin.path, lambda _: None), shaky.id)
    assert result.verdict is not None
    assert result.verdict.status == "hold"
    assert "`dvc repro` failed" in result.verdict.why


def test_where_nothing_is_promised_nothing_is_done(origin: Origin, shaky: Record) -> None:
    publish(origin, shaky)
    settings = (origin.path / "delivery.yaml").read_text()
    off = settings.replace("reproduce: bytes", "reproduce: off")
    assert off != settings
    origin.push({"delivery.yaml": off})
    assert reproduce(Context(origin.path, lambda _: None), shaky.id).verdict is None
