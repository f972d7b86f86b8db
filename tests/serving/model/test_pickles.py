"""A pickle is found by its name and under another one; weights and text are not taken for one.

These are the negative controls of the service, which looks at a predictor, and of the gate
`artefact`, which looks at a whole bento: both ask the same scanner.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.model import unpacking
from serving.model.pickles import HELD, SUFFIXES, pickled, suspect
from tests.serving.tiny import write_tiny_model

ROOT = Path(__file__).resolve().parents[3]


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


def header(text: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def small_window() -> bytes:
    """Its first byte is not the usual x."""
    packed = zlib.compressobj(wbits=9)
    return packed.compress(MALICE) + packed.flush()


def old_tar() -> bytes:
    """A tar from before the magic "ustar", with its checksum."""
    content = bytearray(tarred(MALICE))
    content[257:265] = bytes(8)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    return bytes(content)


def two_in_one() -> bytes:
    """A tar to whoever reads it from its beginning, an empty ZIP from its end."""
    return tarred(MALICE) + zipped("readme", b"")


def encrypted() -> bytes:
    """A ZIP that says that its member is encrypted."""
    content = bytearray(zipped("data", MALICE))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def renamed() -> bytes:
    """The directory of the ZIP names another file than stands where it points: readers differ."""
    return zipped("weights.pkl", MALICE).replace(b"weights.pkl", b"weights.bin", 1)


OBJECTS = np.array([{"a": 1}], object)
MALICE = pickle.dumps(Called())
CALLING = b"cos\nsystem\n(S'true'\ntR."
PICKLES = {
    **{f"protocol {n}": pickle.dumps(Called(), protocol=n) for n in range(6)},
    "data only": pickle.dumps({"weights": [1.0, 2.0]}),
    "text": CALLING,
    "text that only imports": b"cos\nsystem\n.",
    "text of protocol 1": b"\x80\x01" + CALLING,
    "text that is no ASCII": b"S'\\xff'\n0" + CALLING,
    "text behind other pickles": b"I1\n.N." + CALLING,
    "text that goes on and on": b"N0" * 600_000,
    "text without an end": CALLING[:-1] + b"garbage",
    "text behind a long string": b"S'" + b"x" * 100_000 + b"'\n0" + CALLING,
    "no protocol named": b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "cut off": pickle.dumps([Called(), b"x" * 4_000_000])[:3_000_000],
    "a byte string that does not end": b"\x80\x04\x8c\x01xB\xff\xff\xff\x7f",
    "zlib": zlib.compress(pickle.dumps(Called())),
    "zlib of a small window": small_window(),
    "zlib with a wrong checksum": zlib.compress(MALICE)[:-1] + b"!",
    "gzip of zip": gzip.compress(zipped("data", MALICE)),
    "gzip with garbage behind": gzip.compress(MALICE) + b"garbage",
    "gzip in two parts": gzip.compress(MALICE[:9]) + gzip.compress(MALICE[9:]),
    "lzma": lzma.compress(MALICE, format=lzma.FORMAT_ALONE),
    "lz4, which cannot be unpacked": b"\x04\x22\x4d\x18" + MALICE,
    "zip in zip": zipped("inner", zipped("data", MALICE)),
    "zip behind something": b"#!/bin/sh\n" + zipped("data", MALICE),
    "zip, encrypted": encrypted(),
    "zip, cut": zipped("data", MALICE)[20:],
    "zip with two names": renamed(),
    "tar and zip": two_in_one(),
    "tar of old": old_tar(),
    "tar.xz": lzma.compress(tarred(MALICE)),
    "npy of structures": saved(np.save, np.zeros(1, [("a", object)])),
    "npy, disguised": header(b"{'descr': '\\x7cO', 'fortran_order': False, 'shape': (1,)}"),
    "npy, broken": header(b"{'descr':"),
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
UNREADABLE = {  # refused since nobody can look into them
    "zip, encrypted",
    "zip, cut",
    "zip with two names",
    "lz4, which cannot be unpacked",
    "npy, broken",
    "matryoshka",
}
OTHERS = {
    "empty": b"",
    "npy": saved(np.save, np.ones(3)),
    "npz": saved(np.savez, np.ones(3)),
    "safetensors": struct.pack("<Q", 640) + b'{"a":' + b" " * 635,
    "labels": b"cat\ndog\nbird\nox\nrat\n",
    "code": b"class X:\n    pass\n",
    "a dot": b".",
    "x marks the spot": b"x marks the spot",
    "accents": "café\nétoile\n".encode(),
    "gzip": gzip.compress(b"carrier,hour\nAA,7\n"),
    "tar": tarred(b"carrier,hour\nAA,7\n"),
    "npy of structures": saved(np.save, np.zeros(1, [("a", "f8"), ("b", "U3")])),
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
    reason = pickled(tmp_path)
    assert reason is not None
    assert reason.startswith("sub/weights.bin is ")
    assert "pickle" in reason or name in UNREADABLE


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_a_name_is_enough(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"model{suffix.upper()}").write_bytes(b"")
    assert "a pickle by its name" in str(pickled(tmp_path))


def test_the_names_of_both_lists_are_known() -> None:
    """The gate knew the second line and the service did not."""
    assert {
        ".pkl",
        ".pickle",
        ".joblib",
        ".dill",
        ".cloudpickle",
        ".pt",
        ".pth",
        ".ckpt",
    } <= SUFFIXES
    assert {".p", ".jbl", ".sav", ".skops", ".mar"} <= SUFFIXES


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_let_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "weights.bin").write_bytes(OTHERS[name])
    assert pickled(tmp_path) is None


def test_what_a_bento_is_made_of_is_let_be(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "model")
    ours = [*(ROOT / "serving").rglob("*.py"), *(ROOT / "requirements").glob("*")]
    files = [path for path in [*tmp_path.rglob("*"), ROOT / "service.py", *ours] if path.is_file()]
    assert len(files) > 20
    assert {path.name: suspect(path) for path in files if suspect(path)} == {}


def bomb() -> bytes:
    """Kilobytes that would unpack to 16 GiB."""
    return gzip.compress(gzip.compress(bytes(1 << 24)) * 1000)


def many_files() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number in range(101):
            archive.addfile(tarfile.TarInfo(str(number)))
    return gzip.compress(file.getvalue())


def large_index() -> bytes:
    """A ZIP whose directory is larger than what is read of one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(70):
            archive.writestr(f"{number}" + "x" * 60_000, b"")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bomb, "holds more than is unpacked"),
        (many_files, "more than 100 files"),
        (large_index, "index is too large"),
        (lambda: gzip.compress(zipped("x", bytes(HELD + 1))), "in an archive"),
    ],
)
def test_a_bomb_is_refused_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Callable[[], bytes], reason: str
) -> None:
    monkeypatch.setattr(unpacking, "MOST", 1 << 27)  # an eighth: in seconds
    monkeypatch.setattr(unpacking, "FILES", 100)
    file = tmp_path / "weights.bin"
    file.write_bytes(content())
    tracemalloc.start()
    try:
        assert reason in suspect(file)
        assert tracemalloc.get_traced_memory()[1] < 6 * HELD
    finally:
        tracemalloc.stop()


def test_large_weights_in_an_archive_are_let_be_and_a_large_pickle_is_not(tmp_path: Path) -> None:
    weights = np.ones(HELD // 4, np.float64)
    np.savez(tmp_path / "weights.npz", weights=weights)
    assert suspect(tmp_path / "weights.npz") == ""
    late = b"S'" + b"x" * (HELD + 1) + b"'\n0" + CALLING
    (tmp_path / "data.gz").write_bytes(gzip.compress(late))
    assert suspect(tmp_path / "data.gz") == "an archive that holds 'its content', a pickle"
