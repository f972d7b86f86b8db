"""Bentos with something in them that must not be there, each built for real."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from delivery.bento.bento import Bento
from delivery.bento.build import build
from delivery.bento.second_build import SecondBuild
from delivery.commands.inspect import inside
from delivery.evidence.supply_chain.artefact import scan
from delivery.gates.policy import GatesPolicy
from delivery.gates.supply_chain import artefact
from delivery.gates.supply_chain import reproducible_build as reproducible
from delivery.gates.verdict import Verdict, blocking
from delivery.release.candidate import Candidate
from delivery.release.sbom import make_sbom, widest_lock
from serving.contract import MODEL, PREDICTOR
from tests.delivery.bentos import Bench, lay_out
from tests.delivery.released import make_candidate
from tests.serving.model.test_pickles import tarred
from tests.serving.tiny import write_tiny_model

Write = Callable[[Path], None]


class Malice:
    """Would print when it is loaded; nothing loads it."""

    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("loaded",))


def only(candidate: Candidate) -> Verdict:
    """The one gate that blocks: a control must not be stopped by accident of another."""
    (verdict,) = blocking(inside(candidate, GatesPolicy()))
    return verdict


@pytest.fixture(scope="module")
def good(bench: Bench, better: Bento) -> Candidate:
    return make_candidate(bench, better)


def test_the_better_candidate_passes(good: Candidate) -> None:
    verdicts = inside(good, GatesPolicy())
    assert [verdict.gate for verdict in verdicts] == ["artefact", "sbom", "licences"]
    assert not blocking(verdicts)


def tar_gz(content: bytes) -> bytes:
    return gzip.compress(tarred(content))


def smuggle(name: str, wrap: Callable[[bytes], bytes] = bytes) -> Write:
    def write(folder: Path) -> None:
        write_tiny_model(folder)
        (folder / name).write_bytes(wrap(pickle.dumps(Malice())))

    return write


def foreign_operator(folder: Path) -> None:
    """ONNX Runtime serves it, but ONNX does not know the operator."""
    write_tiny_model(folder)
    model = onnx.load(folder / MODEL)
    model.graph.node.append(helper.make_node("Gelu", ["raw"], ["unused"], domain="com.microsoft"))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    (folder / MODEL).write_bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("name", "write", "text"),
    [
        ("pickle", smuggle("scaler.pkl"), "scaler.pkl is a pickle by its name"),
        ("disguised", smuggle("notes.txt"), "notes.txt is a pickle"),
        ("packed", smuggle("notes.bin", tar_gz), "notes.bin is an archive that holds"),
        ("foreign", foreign_operator, "operator Gelu of domain com.microsoft"),
    ],
)
def test_a_pickle_or_a_foreign_operator_is_refused_by_artefact(
    bench: Bench, name: str, write: Write, text: str
) -> None:
    verdict = only(make_candidate(bench, bench.bento(name, write)))
    assert (verdict.gate, verdict.status) == ("artefact", "fail")
    assert text in verdict.why


def test_external_data_that_climbs_out_is_refused_by_artefact(
    good: Candidate, tmp_path: Path
) -> None:
    """`delivery release` would not even build it; this bento was put together by hand."""
    bento = tmp_path / "bento"
    shutil.copytree(good.bento.path, bento)
    file = bento / "src" / "artifacts" / "model" / MODEL
    model = onnx.load(file)
    weights = model.graph.initializer[0]
    weights.ClearField("float_data")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "../../../../../etc/passwd"
    file.write_bytes(model.SerializeToString())
    verdict = only(replace(good, bento=replace(good.bento, path=bento)))
    assert (verdict.gate, verdict.status) == ("artefact", "fail")
    assert "takes data from ../../../../../etc/passwd, outside its folder" in verdict.why


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("def predict(columns):\n    return columns\n", "pass"),
        ("import pickle\n\n\ndef load(path):\n    return pickle.load(open(path, 'rb'))\n", "fail"),
        ("def load(path):\n    exec(open(path).read())\n", "fail"),
        (None, "hold"),
    ],
)
def test_a_model_that_is_code_is_scanned(tmp_path: Path, code: str | None, status: str) -> None:
    model = tmp_path / "src" / "artifacts" / "model"
    model.mkdir(parents=True)
    if code is not None:
        (model / PREDICTOR).mkdir()
        (model / PREDICTOR / "__init__.py").write_text(code)
    verdict = artefact.judge(scan(tmp_path, executes_code=True), artefact.Policy())
    assert verdict.status == status, verdict.why
    if status == "fail":
        assert "predictor/__init__.py" in verdict.why


@pytest.fixture(scope="module")
def copyleft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real environment with one package, whose metadata state the AGPL."""
    folder = tmp_path_factory.mktemp("copyleft")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    info = packages / "copyleft-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: copyleft\nVersion: 1.0\nLicense-Expression: AGPL-3.0-only\n"
    )
    return folder / "bin" / "python"


@pytest.fixture
def other_sbom(
    good: Candidate, copyleft: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """What cyclonedx-py says about that environment."""
    monkeypatch.setattr("delivery.release.sbom.environment", lambda *_: copyleft)
    return make_sbom(good.bento.path, tmp_path)


def test_a_forbidden_licence_is_refused_by_licences(
    good: Candidate, other_sbom: str, tmp_path: Path
) -> None:
    bento = tmp_path / "bento"
    shutil.copytree(good.bento.path, bento)
    (bento / widest_lock(bento)).write_text("copyleft==1.0\n")
    found = with_sbom(replace(good, bento=replace(good.bento, path=bento)), other_sbom)
    verdict = only(found)
    assert (verdict.gate, verdict.status) == ("licences", "fail")
    assert "copyleft is AGPL-3.0-only" in verdict.why


def test_packages_from_elsewhere_do_not_get_into_an_sbom(
    good: Candidate, bench: Bench, copyleft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packages,) = copyleft.parents[1].glob("lib/python*/site-packages")
    monkeypatch.setenv("PYTHONPATH", str(packages))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert make_sbom(good.bento.path, bench.workspace / "envs") == good.sbom


def test_an_sbom_that_misses_a_package_is_refused_by_sbom(good: Candidate) -> None:
    assert good.sbom is not None
    document = good.sbom.replace('"name": "onnxruntime"', '"name": "numpy"')
    verdict = only(with_sbom(good, document))
    assert (verdict.gate, verdict.status) == ("sbom", "fail")
    assert "onnxruntime 1." in verdict.why
    assert "is not listed" in verdict.why


def test_an_sbom_that_is_not_the_recorded_one_is_refused_by_sbom(good: Candidate) -> None:
    verdict = only(replace(good, sbom=f"{good.sbom}\n"))
    assert (verdict.gate, verdict.status) == ("sbom", "fail")
    assert "the record says" in verdict.why


def test_no_sbom_holds(good: Candidate) -> None:
    blocked = blocking(inside(replace(good, sbom=None, sbom_sha256=None), GatesPolicy()))
    assert [(verdict.gate, verdict.status) for verdict in blocked] == [
        ("sbom", "hold"), ("licences", "hold"),
    ]  # fmt: skip


def with_sbom(candidate: Candidate, sbom: str) -> Candidate:
    """With a record that knows this SBOM."""
    return replace(candidate, sbom=sbom, sbom_sha256=hashlib.sha256(sbom.encode()).hexdigest())


def test_a_build_that_depends_on_its_folder_is_refused_by_reproducible_build(
    tmp_path: Path,
) -> None:
    source = lay_out(tmp_path / "source")
    write_tiny_model(source / "artifacts" / "model")
    with (source / "service.py").open("a") as service:
        service.write("\nfrom pathlib import Path\n")
        service.write('Path("serving/http/where.html").write_text(str(Path.cwd()))\n')
    with SecondBuild(tmp_path / "again") as second:
        shutil.copytree(source, second.source, dirs_exist_ok=True)
        second.start()
        first = build(source, tmp_path / "bentos")
        verdict = reproducible.judge(second.compare(first.path))
    assert verdict.status == "fail"
    assert verdict.why.startswith("src/serving/http/where.html:")
    assert not (tmp_path / "again").exists()


def test_a_second_build_that_fails_holds(tmp_path: Path) -> None:
    source = lay_out(tmp_path / "source")
    write_tiny_model(source / "artifacts" / "model")
    first = build(source, tmp_path / "bentos")
    with SecondBuild(tmp_path / "again") as second:
        second.start()  # nothing was laid out
        verdict = reproducible.judge(second.compare(first.path))
    assert verdict.status == "hold"
    assert "the second build failed" in verdict.why
