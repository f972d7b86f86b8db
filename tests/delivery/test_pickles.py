"""A pickle is found by its name and by what is in it, and nothing else is taken for one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from delivery.pickles import HEAD, opaque
from tests.serving.tiny import write_tiny_model

ROOT = Path(__file__).resolve().parents[2]


class Malice:
    """Runs a command when it is loaded."""

    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("loaded",))


def objects() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Malice()], dtype=object), allow_pickle=True)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as files:
        files.writestr("weights/data", pickle.dumps(Malice()))
    return out.getvalue()


PICKLES = {
    **{f"protocol {number}": pickle.dumps(Malice(), number) for number in range(6)},
    "of data alone": pickle.dumps({"weights": [1.0, 2.0]}),
    "longer than what is read": pickle.dumps([Malice(), b"x" * 2 * HEAD]),
    "gzip": gzip.compress(pickle.dumps(Malice())),
    "zlib": zlib.compress(pickle.dumps(Malice())),
    "bz2": bz2.compress(pickle.dumps(Malice())),
    "xz": lzma.compress(pickle.dumps(Malice())),
    "numpy": objects(),
    "zip": archive(),
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_is_found_by_its_content(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(PICKLES[name])
    assert "pickle" in opaque(file)
    assert capsys.readouterr().out == "", "it was loaded"


@pytest.mark.parametrize("name", ["model.pkl", "model.JOBLIB", "weights.pt", "fast.so"])
def test_what_must_not_be_there_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("harmless")
    assert opaque(tmp_path / name)


def test_nothing_else_is_taken_for_a_pickle(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "model")
    np.save(tmp_path / "plain.npy", np.arange(9.0))
    (tmp_path / "empty").touch()
    (tmp_path / "dot.txt").write_text(".")
    (tmp_path / "zipped.gz").write_bytes(gzip.compress(b"carrier,hour\nAA,7\n"))
    (tmp_path / "x.txt").write_text("x marks the spot")
    ours = [
        *(ROOT / "serving").glob("*.*"),
        ROOT / "service.py",
        *(ROOT / "requirements").glob("*"),
    ]
    files = [path for path in [*tmp_path.rglob("*"), *ours] if path.is_file()]
    assert len(files) > 20
    assert {path.name: opaque(path) for path in files if opaque(path)} == {}
