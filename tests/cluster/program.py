"""The control plane as one program, built from Go modules once for each content of its sources."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from delivery.errors import InputError, TargetError
from delivery.files import locked

SOURCES = Path(__file__).parent
FILES = ("go.mod", "go.sum", "main.go", "kubelet_linux.go")
CACHE = "CLUSTER_CACHE"
BUILD = ("build", "-trimpath", "-mod=readonly")


def version() -> str:
    """Of Kubernetes, as go.mod pins it: `v1.36.3`."""
    found = re.search(r"^\tk8s\.io/kubernetes (\S+)$", _mod(), re.MULTILINE)
    assert found, "go.mod names k8s.io/kubernetes"
    return found[1]


def built() -> Path | None:
    """The program for the sources as they are now, if it was built here before."""
    place = _place()
    return place if place.is_file() else None


def build() -> Path:
    """The program; builds it where it is not there yet, at a low priority. Two that build at once
    wait for each other.

    Raises:
        InputError: there is no Go, or none that is new enough, or the modules cannot be had.
        TargetError: it does not build; the message ends with what Go says.
    """
    place = _place()
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.with_suffix(".lock"), wait=True):
        if not place.is_file():
            _build(place)
    return place


def module(name: str) -> Path:
    """The folder of a module that go.mod names, downloaded and checked against go.sum."""
    return Path(_go("list", "-m", "-mod=readonly", "-f", "{{.Dir}}", name).strip())


def _build(place: Path) -> None:
    try:
        _go("mod", "download")
    except TargetError as error:
        raise InputError(f"{error}. No cluster can be built here.") from error
    major, minor = version().lstrip("v").split(".")[:2]
    says = {"gitVersion": version(), "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X k8s.io/component-base/version.{k}={v}" for k, v in says.items())
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder) / "cluster"
        _go(*BUILD, "-ldflags", f"-s -w {flags}", "-o", str(made), ".")
        made.replace(place)


def _go(*arguments: str) -> str:
    go = shutil.which("go")
    if go is None:
        raise InputError(
            "there is no `go` on PATH, which builds the API server for these tests. Install the "
            "Go that tests/cluster/go.mod names, or set KUBECONFIG to a cluster for tests."
        )
    command = ["nice", go, *arguments]
    env = {**os.environ, "CGO_ENABLED": "0"}
    done = subprocess.run(
        command, cwd=SOURCES, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip()[-2000:]
        raise TargetError(f"`go {arguments[0]}` in {SOURCES} failed: {said}")
    return done.stdout


def _place() -> Path:
    """Where the program for the sources as they are now belongs."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(hashlib.sha256((SOURCES / name).read_bytes()).digest())
    base = os.environ.get(CACHE) or Path.home() / ".cache" / "model-delivery"
    return Path(base) / "cluster" / digest.hexdigest()[:16] / "cluster"


def _mod() -> str:
    return (SOURCES / "go.mod").read_text(encoding="utf-8")
