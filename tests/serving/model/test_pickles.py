"""A pickle is found by its name and under another one; weights and text are not taken for one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.model.pickles import SUFFIXES, pickled


class Called:
    """Loading it calls something harmless."""

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return abs, (-1,)


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("code.txt", "x")
        archive.writestr(name, content)
    return file.getvalue()


def tarred(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("weights")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def saved(save: Callable[..., None], *arrays: Any) -> bytes:
    file = io.BytesIO()
    save(file, *arrays)
    return file.getvalue()


OBJECTS = np.array([{"a": 1}], object)
CALLING = b"cos\nsystem\n(S'true'\ntR."
PICKLES = {
    **{f"protocol {n}": pickle.dumps(Called(), protocol=n) for n in range(6)},
    "data only": pickle.dumps({"weights": [1.0, 2.0]}),
    "text": CALLING,
    "text without an end": CALLING[:-1] + b"garbage",
    "text behind a long string": b"S'" + b"x" * 100_000 + b"'\n0" + CALLING,
    "no protocol named": b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "zlib": zlib.compress(pickle.dumps(Called())),
    "gzip": gzip.compress(pickle.dumps(Called())),
    "bz2": bz2.compress(pickle.dumps(Called())),
    "xz": lzma.compress(pickle.dumps(Called())),
    "zip": zipped("archive/data", pickle.dumps(Called())),
    "zip by name": zipped("archive/data.pkl", b""),
    "tar": tarred(pickle.dumps(Called())),
    "tar.gz": gzip.compress(tarred(pickle.dumps(Called()))),
    "npy": saved(np.save, OBJECTS),
    "npz": saved(np.savez, OBJECTS),
    "matryoshka": gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"x")))),
}
OTHERS = {
    "empty": b"",
    "npy": saved(np.save, np.ones(3)),
    "npz": saved(np.savez, np.ones(3)),
    "safetensors": struct.pack("<Q", 640) + b'{"a":' + b" " * 635,
    "labels": b"cat\ndog\nbird\nox\nrat\n",
    "code": b"class X:\n    pass\n",
    "imports": b"import os\nimport sys\n",
    "json": b'{"R": ["c", "b"]}',
    "weights": np.linspace(-1, 1, 1000, dtype=np.float32).tobytes(),
    "begins like gzip": b"\x1f\x8bnothing",
    "begins like zlib": b"xylophone",
    "zip": zipped("config.json", b"{}"),
    "text of the letters of opcodes": b"(lp0\nRbo",
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_is_found_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "weights.bin").write_bytes(PICKLES[name])
    found = pickled(tmp_path)
    assert found is not None
    assert found.startswith("sub/weights.bin ")


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_a_name_is_enough(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"model{suffix.upper()}").write_bytes(b"")
    assert "a suffix of pickles" in str(pickled(tmp_path))


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_let_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "weights.bin").write_bytes(OTHERS[name])
    assert pickled(tmp_path) is None
