"""The scanner against two that are not ours: picklescan, and the unpickler of Python itself.

What an oracle finds dangerous is refused, whatever it is wrapped in. The scanner refuses more:
a pickle of data alone, and what nobody can look into.
"""

from __future__ import annotations

import bz2
import collections
import gzip
import io
import lzma
import os
import pickle
import random
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from picklescan.scanner import scan_bytes

from serving.model.opcodes import MAGIC, is_pickle
from serving.model.pickles import suspect
from tests.serving.model.test_pickles import tarred, zipped

CASES = 3_000


class Calls:
    """Loading it calls `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


OBJECTS: dict[str, Any] = {
    "a command": Calls(os.system, "true"),
    "a process": Calls(subprocess.Popen, ["true"]),
    "an expression": Calls(eval, "1"),
    "code in a list": [1, {"weights": [0.5] * 300, "hook": Calls(exec, "1")}],
    "an attribute": Calls(getattr, "x", "upper"),
    "a dictionary": collections.OrderedDict(a=1),
    "data": {"weights": [1.0, 2.0], "labels": ["a", "b"], 3: None},
}
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
DISGUISES: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda content: content,
    "behind another": lambda content: pickle.dumps(1, 0) + content,
    "zip": lambda content: zipped("data.pickle", content).replace(b".pickle", b".binary"),
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda content: lzma.compress(content, format=lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "tar": tarred,
    "tar.gz": lambda content: gzip.compress(tarred(content)),
    "gzip of zip": lambda content: gzip.compress(zipped("data", content)),
}


def dangerous(content: bytes, suffix: str = ".pkl") -> bool:
    """Does picklescan name a global that loading would import?"""
    scanned = scan_bytes(io.BytesIO(content), "file", suffix)
    return bool(scanned.globals)


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("name", OBJECTS)
def test_what_picklescan_finds_is_refused_in_every_disguise(
    tmp_path: Path, name: str, disguise: str
) -> None:
    for protocol in PROTOCOLS:
        content = pickle.dumps(OBJECTS[name], protocol)
        file = tmp_path / "weights.bin"
        file.write_bytes(DISGUISES[disguise](content))
        assert dangerous(content) == (name != "data")
        assert suspect(file) or not dangerous(content), f"protocol {protocol}"


@pytest.mark.parametrize("save", [np.save, np.savez])
def test_what_picklescan_finds_in_files_of_numpy_is_refused(
    tmp_path: Path, save: Callable[..., None]
) -> None:
    suffix = ".npy" if save is np.save else ".npz"
    for values in (np.array([Calls(os.system, "true")]), np.ones(3)):
        file = tmp_path / f"weights{suffix}"
        save(file, values)
        assert bool(suspect(file)) == dangerous(file.read_bytes(), suffix)


class ImportedError(Exception):
    """Loading got as far as naming a global."""


class Watched(pickle._Unpickler):  # type: ignore[name-defined]
    """Python's own unpickler, that stops where it would call something."""

    def find_class(self, module: str, name: str) -> Any:
        def call(*_: object) -> None:
            raise ImportedError

        return call


def loads_and_calls(content: bytes) -> bool:
    try:
        Watched(io.BytesIO(content), encoding="latin1").load()
    except ImportedError:
        return True
    except Exception:  # whatever a damaged pickle does
        return False
    return False


def damaged(content: bytes, random: random.Random) -> bytes:
    """`content` with some bytes changed, put in or taken out."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(changed))
        some = random.choice([b"", random.randbytes(1), random.choice([b"0", b"N", b"(", b"I1\n"])])
        changed[at : at + random.randint(0, 1)] = some
    return bytes(changed)


def test_what_python_would_call_is_refused_in_damaged_pickles_too() -> None:
    """The text protocols: the others are refused for their first bytes."""
    source = random.Random(20130901)
    seen = 0
    for _ in range(CASES):
        whole = pickle.dumps(source.choice(list(OBJECTS.values())), source.randint(0, 1))
        content = damaged(whole, source)
        if loads_and_calls(content):
            seen += 1
            assert is_pickle(io.BytesIO(content), content[:2] in MAGIC), content
    assert seen > CASES / 10
