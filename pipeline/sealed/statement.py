"""What is written down of a stage: whether it was sealed, what went in, and what came out."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

LEFT_OUT = ("__pycache__",)


@dataclass(frozen=True)
class Statement:
    """`held` is what the kernel limited, empty for a stage that ran unsealed; `closed` are
    `data.sources`. `read` and `wrote` are path → sha256. `platform` is where: on another one the
    last bits of a training may differ."""

    stage: str
    held: Sequence[str]
    closed: Sequence[str]
    read: Mapping[str, str]
    wrote: Mapping[str, str]
    platform: str = ""


def write(path: Path, statement: Statement) -> None:
    """Write canonical JSON: the same run gives the same bytes."""
    content = asdict(statement) | {"sealed": bool(statement.held)}
    text = json.dumps(content, indent=1, sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(path)


def this_platform() -> str:
    """Operating system, processor, C library and Python of this machine."""
    libc = "-".join(platform.libc_ver()).strip("-")
    processor = f"{platform.machine()} {_processor()}".strip()
    return ", ".join([platform.system(), processor, libc, f"Python {platform.python_version()}"])


def _processor() -> str:
    """The model, as Linux names it; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "")


def hashes(paths: Sequence[Path]) -> Mapping[str, str]:
    """Path → sha256 of each file at or below `paths`, relative to the current folder."""
    return {file.as_posix(): _sha256(file) for path in paths for file in _files(path)}


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if name not in LEFT_OUT)
        yield from (Path(folder) / name for name in sorted(files))


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
