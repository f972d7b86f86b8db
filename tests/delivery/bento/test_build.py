"""A bento depends on its source alone, holds nothing else, and serves."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from delivery.bento.bento import Bento
from delivery.bento.build import BATCH_LOCK, GPU_LOCK, LOCKS, SPEC, build
from delivery.bento.digest import content_sha256, file_hashes, tree_sha256
from delivery.bento.environment import LOCK
from delivery.documents import parse_yaml
from delivery.errors import InputError
from tests.checkout import ROOT
from tests.delivery.bentos import with_model
from tests.delivery.running import eventually
from tests.serving.tiny import tiny_frame, tiny_instances, write_tiny_model

PARTS = ("service.py", "serving", "bentos", *LOCKS, BATCH_LOCK)
GPU_SPEC = "bentos/online-gpu.yaml"
START_SECONDS = 60


def make_source(folder: Path) -> Path:
    """What a bento is made from: the service of this checkout and a tiny model."""
    for part in PARTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
        else:
            shutil.copyfile(ROOT / part, folder / part)
    write_tiny_model(folder / "artifacts" / "model")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def bento(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Bento:
    """Below a folder with a dot, as `.delivery/` is."""
    return build(source, tmp_path_factory.mktemp("state") / ".delivery" / "bentos")


def test_two_builds_under_other_conditions_give_the_same_bytes(
    bento: Bento, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder, umask, time zone, home, language, hash seed, file times and order."""
    other = make_source(tmp_path / "another place")
    (other / "left-over.py").write_text("raise SystemExit")
    (other / "serving" / "__pycache__").mkdir(exist_ok=True)
    (other / "serving" / "__pycache__" / "x.pyc").write_bytes(b"x")
    for file in other.rglob("*"):
        os.utime(file, (0, 0))
    for name, value in {
        "TZ": "Asia/Tokyo",
        "HOME": str(tmp_path / "home"),
        "BENTOML_HOME": str(tmp_path / "their-bentoml"),
        "LANG": "de_DE.UTF-8",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": str(tmp_path),
        "BENTOML_CONFIG_OPTIONS": "services.online.workers=3",
    }.items():
        monkeypatch.setenv(name, value)
    umask = os.umask(0o077)
    try:
        again = build(other, tmp_path / "there", tries=False)
    finally:
        os.umask(umask)
    assert file_hashes(again.path) == file_hashes(bento.path)
    assert again.id == bento.id
    assert not (tmp_path / "their-bentoml").exists()
    assert names(tmp_path / "there") == [bento.id]


def test_only_what_serves_is_inside(bento: Bento) -> None:
    inside = {name for name in file_hashes(bento.path) if name.startswith("src/")}
    files = [file for file in (ROOT / "serving").rglob("*") if file.is_file()]
    serving = {f"src/{file.relative_to(ROOT)}" for file in files if file.suffix != ".pyc"}
    model = {f"src/artifacts/model/{name}" for name in ("model.onnx", "contract.json")}
    assert inside == serving | model | {
        "src/service.py",
        "src/bentofile.yaml",
        "src/requirements/serving.lock",
        "src/requirements/batch.lock",
        "src/artifacts/model/examples.jsonl",
        "src/artifacts/model/explainer.json",
        "src/artifacts/model.sha256",
    }


def test_a_commit_from_before_batch_is_built_too(source: Path, tmp_path: Path) -> None:
    older = shutil.copytree(source, tmp_path / "source")
    (older / BATCH_LOCK).unlink()
    inside = file_hashes(build(older, tmp_path / "bentos", tries=False).path)
    assert f"src/{BATCH_LOCK}" not in inside
    assert "src/requirements/serving.lock" in inside


def test_the_image_installs_the_lock_and_nothing_else(bento: Bento) -> None:
    lock = (ROOT / "requirements" / "serving.lock").read_bytes()
    assert (bento.path / "env" / "python" / "requirements.txt").read_bytes() == lock


def test_the_spec_for_gpus_takes_their_lock_and_scores_no_files(
    source: Path, tmp_path: Path
) -> None:
    """Copied over the other one, as a fork chooses it."""
    chosen = shutil.copytree(source, tmp_path / "source")
    shutil.copyfile(chosen / GPU_SPEC, chosen / SPEC)
    bento = build(chosen, tmp_path / "bentos", tries=False)
    inside = {name for name in file_hashes(bento.path) if name.endswith((".lock", ".txt"))}
    assert inside == {f"src/{GPU_LOCK}", LOCK}
    lock = (ROOT / GPU_LOCK).read_bytes()
    assert (bento.path / LOCK).read_bytes() == lock
    assert b"onnxruntime-gpu==" in lock
    assert b"\nonnxruntime==" not in lock


def test_the_two_specs_differ_in_what_computes_and_in_nothing_else() -> None:
    one, other = (parse_yaml((ROOT / name).read_text(), name) for name in (SPEC, GPU_SPEC))
    locks = {f"/{name}" for name in (*LOCKS, BATCH_LOCK)}
    for spec in (one, other):
        spec["include"] = [pattern for pattern in spec["include"] if pattern not in locks]
    assert one == other


@pytest.mark.parametrize(
    ("include", "told"),
    [
        ("include: []", "includes 0 of requirements/serving.lock and "),
        ("include: [/requirements/serving.lock, /requirements/serving-gpu.lock]", "includes 2 of "),
        ("include: [/requirements/serving-gpu.lock]", "serving-gpu.lock: missing"),
        ("include: 5", "has no list `include`"),
        ("- include", "has no list `include`"),
    ],
)
def test_a_spec_that_names_no_lock_of_ours_is_refused(
    source: Path, tmp_path: Path, include: str, told: str
) -> None:
    chosen = shutil.copytree(source, tmp_path / "source")
    (chosen / GPU_LOCK).unlink()
    (chosen / SPEC).write_text(f"{include}\n")
    with pytest.raises(InputError, match=told):
        build(chosen, tmp_path / "bentos")


def test_the_id_follows_the_model(bento: Bento, tmp_path: Path) -> None:
    other = make_source(tmp_path / "source")
    write_tiny_model(other / "artifacts" / "model", noise=0.1)
    again = build(other, tmp_path / "bentos", tries=False)
    assert again.id != bento.id
    first = shutil.copytree(bento.path, tmp_path / "first" / bento.id)
    assert with_model(first, other / "artifacts" / "model") == again.id, "nothing else changes"


def test_a_second_build_adopts_and_leaves_the_source_alone(source: Path, bento: Bento) -> None:
    before = tree_sha256(source)
    first = (bento.path / "bento.yaml").stat().st_ino
    assert build(source, bento.path.parent, tries=False) == bento
    assert (bento.path / "bento.yaml").stat().st_ino == first
    assert tree_sha256(source) == before
    assert names(bento.path.parent) == [bento.id]


def test_a_damaged_bento_in_the_way_is_named(source: Path, bento: Bento, tmp_path: Path) -> None:
    shutil.copytree(bento.path, tmp_path / bento.id)
    model = tmp_path / bento.id / "src" / "artifacts" / "model" / "model.onnx"
    content = bytearray(model.read_bytes())
    content[100] ^= 1
    model.write_bytes(content)
    assert content_sha256(tmp_path / bento.id) != bento.sha256
    with pytest.raises(InputError, match=f"{bento.id}: holds other bytes"):
        build(source, tmp_path, tries=False)


@pytest.mark.parametrize("part", ["service.py", "bentos/online.yaml", "artifacts/model"])
def test_a_missing_part_is_named(tmp_path: Path, part: str) -> None:
    source = make_source(tmp_path / "source")
    path = source / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=f"{part}: missing"):
        build(source, tmp_path / "bentos")
    assert not (tmp_path / "bentos").exists()


def test_a_symlink_in_the_source_is_refused(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    (source / "artifacts" / "model" / "secret").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="secret: a symlink"):
        build(source, tmp_path / "bentos")


def test_a_lock_of_another_bentoml_is_refused(tmp_path: Path) -> None:
    """It would build other bytes from the same source."""
    source = make_source(tmp_path / "source")
    (source / "requirements" / "serving.lock").write_text("bentoml==1.0.0\n")
    with pytest.raises(InputError, match=r"serving\.lock has bentoml 1\.0\.0"):
        build(source, tmp_path / "bentos")


def test_a_model_that_cannot_be_served_is_refused(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    (source / "artifacts" / "model" / "model.onnx").write_text("no graph")
    with pytest.raises(InputError) as caught:
        build(source, tmp_path / "bentos")
    message = str(caught.value)
    assert message.startswith(
        "the bento cannot be built: artifacts/model: model.onnx: ONNX Runtime"
    )
    assert names(tmp_path / "bentos") == []
    assert build(source, tmp_path / "bentos", tries=False).path.is_dir(), "it was the model"


def test_the_bento_serves(bento: Bento, tmp_path: Path) -> None:
    """With two workers, whose metrics are one; serving leaves the bento as it was."""
    rows = tiny_instances(tiny_frame(10))
    with serving(bento, tmp_path, workers=2) as url:
        answers = [httpx.post(f"{url}/predict", json={"instances": rows}) for _ in range(8)]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        release = httpx.get(f"{url}/release").json()
        assert release["release"] == bento.id
        model = file_hashes(bento.path / "src" / "artifacts" / "model")
        assert release["files"] == model
        wanted = f'serving_rows_total{{release="{bento.id}"}} 80.0'
        # The other worker hands over in time, unless the machine keeps it from running.
        eventually(lambda: wanted in httpx.get(f"{url}/metrics").text)
        assert httpx.get(f"{url}/docs.json").json()["info"]["version"] == bento.id
        assert "swagger-initializer.js" in httpx.get(url).text
        assert httpx.get(f"{url}/static_content/swagger-initializer.js").status_code == 200
        assert httpx.get(f"{url}/livez").status_code == 200
    assert content_sha256(bento.path) == bento.sha256


def test_a_changed_model_does_not_start(bento: Bento, tmp_path: Path) -> None:
    changed = tmp_path / bento.id
    shutil.copytree(bento.path, changed)
    with (changed / "src" / "artifacts" / "model" / "model.onnx").open("ab") as model:
        model.write(b"\n")
    process = start(changed, bento.id, tmp_path, workers=1, port=free_port())
    _, text = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 1
    assert text.splitlines()[-1].endswith("model.onnx: not the bytes that were released")
    assert "Traceback" not in text


@contextmanager
def serving(bento: Bento, home: Path, *, workers: int) -> Iterator[str]:
    port = free_port()
    process = start(bento.path, bento.id, home, workers=workers, port=port)
    try:
        await_ready(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=START_SECONDS)


def start(
    folder: Path, release: str, home: Path, *, workers: int, port: int
) -> subprocess.Popen[str]:
    environment = os.environ | {
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_CONFIG_OPTIONS": f"services.online.workers={workers}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "RELEASE_ID": release,
        "SERVING_ENVIRONMENT": "local",
    }
    command = [sys.executable, "-m", "bentoml", "serve", str(folder)]
    return subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def await_ready(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"not ready: {process.poll()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
