"""Packages are the wheels of the lock, without what an installer says about itself."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest

from delivery.bento.environment import LOCK
from delivery.errors import TargetError
from delivery.image.packages import install


def wheel(folder: Path, name: str = "toy", code: str = "VALUE = 1\n") -> Path:
    """A package with a module and a script."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-1.0.dist-info"
    parts = {
        f"{name}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\ntoy = toy:main\n",
    }
    file = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        lines = []
        for name, text in parts.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
            lines.append(f"{name},sha256={digest.rstrip('=')},{len(text)}")
        archive.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,"]) + "\n")
    return file


def bento(folder: Path, *package: str, sha256: str = "") -> Path:
    """A bento whose lock has one package: its name and its code."""
    file = wheel(folder / "wheels", *package)
    found = sha256 or hashlib.sha256(file.read_bytes()).hexdigest()
    lock = folder / "bento" / LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(f"{file.name.partition('-')[0]} @ {file.as_uri()} --hash=sha256:{found}\n")
    return folder / "bento"


def test_scripts_and_notes_of_the_installer_are_left_out(tmp_path: Path) -> None:
    found = install(bento(tmp_path) / LOCK, tmp_path / "packages", "3.11")
    assert sorted(found) == [
        "toy-1.0.dist-info/METADATA",
        "toy-1.0.dist-info/RECORD",
        "toy-1.0.dist-info/WHEEL",
        "toy-1.0.dist-info/entry_points.txt",
        "toy.py",
    ]
    record = found["toy-1.0.dist-info/RECORD"].read_text().splitlines()
    assert len(record) == len(found)
    assert record[-1] == "toy-1.0.dist-info/RECORD,,"
    assert not any("bin/toy" in line or "INSTALLER" in line for line in record)


def test_another_hash_than_the_locks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"does not install for Python 3\.11"):
        install(bento(tmp_path, sha256="0" * 64) / LOCK, tmp_path / "packages", "3.11")
