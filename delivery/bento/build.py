"""Build a bento whose bytes depend on nothing but its source.

BentoML writes the same files from the same source, apart from the time of the build; the rest
(the user's BENTOML_HOME, environment, caches) is kept away from it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from delivery.bento.bento import MODEL, Bento
from delivery.bento.digest import content_sha256, file_hashes, release_id
from delivery.documents import parse_yaml
from delivery.errors import InputError

SPEC = "bentos/online.yaml"
LOCK = "requirements/serving.lock"
GPU_LOCK = "requirements/serving-gpu.lock"
LOCKS = (LOCK, GPU_LOCK)  # SPEC includes the one that the service runs with
BATCH_LOCK = "requirements/batch.lock"  # a commit from before batch has none
# What BentoML gets to see; SPEC's `include` says the same for a build by hand.
PARTS = ("service.py", "serving", SPEC, MODEL)
CHECKSUMS = "artifacts/model.sha256"  # what serving.predict.loaded_model compares the model with
CREATED = "creation_time: '1980-01-01T00:00:00+00:00'"
TAG_VERSION = "1"  # the version of every bento: a release is known by its id
SECONDS = 120
TRY_OUT = "from service import model; model.try_out()"


def build(source: Path, destination: Path, *, tries: bool = True) -> Bento:
    """Build the bento of `source` into `destination/<id>`, or adopt the one that is there.

    `source` has service.py, serving/, bentos/online.yaml, the locks that it includes and
    artifacts/model/. It is not written to. Where `tries` is false, nobody tries whether the model
    can be served: bytes that were tried already are made once more.

    Raises:
        InputError: a part is missing, the model cannot be served, BentoML refuses, or
            `destination/<id>` holds other bytes than its name says.
    """
    locks = _check_source(source)
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=destination) as work:
        stage = Path(work) / "source"
        _stage(source, stage, locks)
        built = _run_bentoml(stage, home=Path(work) / "home", tries=tries)
        _normalise(built, stage / locks[0])
        sha256 = content_sha256(built)
        final = destination / release_id(sha256)
        _move(built, final, sha256)
    return Bento(release_id(sha256), final)


def _check_source(source: Path) -> Sequence[str]:
    """Look whether all is there; the locks that go in, that of the service first."""
    for part in PARTS:
        _require(source, part)
    included = _included(source / SPEC)
    found = [name for name in LOCKS if name in included]
    if len(found) != 1:
        raise InputError(f"{SPEC} includes {len(found)} of {' and '.join(LOCKS)}, expected one")
    (lock,) = found
    _require(source, lock)
    text = (source / lock).read_text(encoding="utf-8")
    match = re.search(r"^bentoml==([^\s;]+)", text, re.MULTILINE)
    locked = match.group(1) if match else "none"
    if locked != version("bentoml"):
        raise InputError(
            f"{lock} has bentoml {locked}, but {version('bentoml')} is installed here and would "
            "build other bytes; run `make setup`"
        )
    return (lock, BATCH_LOCK) if BATCH_LOCK in included else (lock,)


def _included(spec: Path) -> Sequence[str]:
    """The patterns of `include`, without the slash that stands for the checkout."""
    content = parse_yaml(spec.read_text(encoding="utf-8"), SPEC)
    try:
        return [str(pattern).lstrip("/") for pattern in content["include"]]
    except (KeyError, TypeError) as error:
        raise InputError(f"{SPEC} has no list `include`") from error


def _require(source: Path, part: str) -> None:
    if not (source / part).exists():
        hint = "`dvc repro` or `dvc pull`" if part == MODEL else "`git checkout`"
        raise InputError(f"{source / part}: missing, a bento is made from it; {hint} brings it")


def _stage(source: Path, stage: Path, locks: Sequence[str]) -> None:
    """Copy the parts, so that nothing else can get in and the source stays as it is."""
    for part in (*PARTS, *locks):
        if (source / part).is_dir():
            names = [f"{part}/{name}" for name in file_hashes(source / part)]
        else:
            names = [part] if (source / part).exists() else []
        for name in names:
            if "__pycache__" in name:
                continue
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, stage / name)
    sums = file_hashes(stage / MODEL)
    lines = [f"{sha256}  {name}\n" for name, sha256 in sums.items()]
    (stage / CHECKSUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def _run_bentoml(stage: Path, *, home: Path, tries: bool) -> Path:
    """Run `bentoml build`, and beside it perhaps try the model out; the folder of the new bento."""
    home.mkdir()
    command = ["-m", "bentoml", "build", "-f", SPEC, "--version", TAG_VERSION, "-o", "tag", "."]
    building = _start(command, stage, home)
    trying = [_start(["-c", TRY_OUT], stage, home)] if tries else []
    for process in (*trying, building):
        try:
            _, text = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise InputError(f"building the bento took longer than {SECONDS} s") from error
        finally:
            if process.returncode != 0:
                _kill(building, *trying)
        if process.returncode != 0:
            reason = _last_line(text).replace(f"{stage}/", "")
            raise InputError(f"the bento cannot be built: {reason}")
    tags = sorted((home / "bentos").glob(f"*/{TAG_VERSION}"))
    if len(tags) != 1:
        raise InputError(f"bentoml left {len(tags)} bentos, expected one")
    return tags[0]


def _start(arguments: list[str], stage: Path, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=stage,
        env=_environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _kill(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def _environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's environment but the search path."""
    tools = Path(sys.executable).parent
    return {
        "PATH": os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)]),
        "HOME": str(home),
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
    }


def _last_line(text: str) -> str:
    """The line of a failure that says what it is, without the name of the exception's module."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "no message"


def _normalise(bento: Path, lock: Path) -> None:
    """Make constants of what depends on the build, and the lock the only requirements."""
    manifest = bento / "bento.yaml"
    text = manifest.read_text(encoding="utf-8")
    text, count = re.subn(r"^creation_time: .*$", CREATED, text, flags=re.MULTILINE)
    if count != 1:
        raise InputError(f"bento.yaml has {count} creation times, expected one; is BentoML new?")
    manifest.write_text(text, encoding="utf-8", newline="\n")
    # What an image installs; bentos/online.yaml says why BentoML does not do this.
    for name in ("requirements.in", "requirements.txt"):
        shutil.copyfile(lock, bento / "env" / "python" / name)


def _move(built: Path, final: Path, sha256: str) -> None:
    """Put `built` at `final` in one step; whoever else did so first has put the same bytes."""
    try:
        built.rename(final)
    except OSError:
        if not final.exists():
            raise
        content = content_sha256(final)
        if content != sha256:
            raise InputError(
                f"{final}: holds other bytes (sha256 {content[:12]}…) than its name says; "
                "delete that folder and repeat"
            ) from None
