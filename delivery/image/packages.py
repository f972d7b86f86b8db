"""Python packages as files: the wheels of a lock, by hash, and nothing else.

No pip runs in the image and no script of a package runs here. What an installer writes about
itself is left out, so the files depend on the lock and the platform alone.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from delivery.bento.digest import file_hashes
from delivery.errors import TargetError
from delivery.files import program

PLATFORM = "x86_64-manylinux_2_28"  # glibc of RHEL 8, Debian 11 and later
# The installer's own notes, its lock, and scripts that name the interpreter of this machine.
DROPPED = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")


def install(
    lock: Path,
    destination: Path,
    python: str,
    programs: Sequence[str] = (),
    from_source: Sequence[str] = (),
) -> Mapping[str, Path]:
    """Lay the packages of `lock` out below `destination`; path there → file.

    `python` is the version of the image's interpreter, such as 3.11. Wheels come from uv's cache
    if they are there, which needs no network. Of what packages bring to call, `programs` are kept,
    in bin/. `from_source` are packages that have no wheel, and fit every platform.

    Raises:
        TargetError: a wheel cannot be had, has another hash, or there is none for the platform.
    """
    sources = [part for name in from_source for part in ("--no-binary", name)]
    made = _uv(lock, destination, python, *sources, "--offline")
    if made.returncode != 0:
        made = _uv(lock, destination, python, *sources)
    if made.returncode != 0:
        reason = " ".join(made.stderr.split()).rstrip(".")[:600]
        raise TargetError(
            f"{lock} does not install for Python {python} on {PLATFORM}: {reason}. "
            "If the network and the package index work, renew the locks with `make lock "
            "UPGRADE=1`, commit them and release again."
        )
    return _normalised(destination, programs)


def _uv(lock: Path, destination: Path, python: str, *more: str) -> subprocess.CompletedProcess[str]:
    shutil.rmtree(destination, ignore_errors=True)
    return subprocess.run(
        [
            program("uv"), "--color", "never", "--no-progress", "pip", "install",
            "--target", str(destination), "--requirements", str(lock.absolute()),
            "--require-hashes", "--no-deps", "--only-binary", ":all:", "--link-mode", "copy",
            "--python-version", python, "--python-platform", PLATFORM, *more,
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


def _normalised(folder: Path, programs: Sequence[str]) -> Mapping[str, Path]:
    for script in folder.glob("bin/*"):
        if script.name not in programs:
            script.unlink()
    (folder / ".lock").unlink(missing_ok=True)
    for file in [*folder.glob("*.dist-info/*")]:
        if file.name in DROPPED:
            file.unlink()
    for record in sorted(folder.glob("*.dist-info/RECORD")):
        record.write_text("".join(_record(record)), encoding="utf-8", newline="\n")
    return {name: folder / name for name in file_hashes(folder)}


def _record(record: Path) -> Iterator[str]:
    """The lines about what is there, without scripts and notes."""
    root = record.parent.parent
    for line in sorted(record.read_text(encoding="utf-8").splitlines()):
        name = line.rsplit(",", 2)[0].strip('"')
        if name.startswith("..") or not (root / name).is_file() or root / name == record:
            continue
        content = (root / name).read_bytes()
        sha256 = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        quoted = f'"{name}"' if "," in name else name
        yield f"{quoted},sha256={sha256},{len(content)}\n"
    yield f"{record.relative_to(root).as_posix()},,\n"
