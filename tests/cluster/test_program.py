"""What is built is kept by its sources, and who has no Go hears it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from delivery.errors import InputError, TargetError
from tests.cluster import program


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sources, and a cache that is empty."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for name in program.FILES:
        shutil.copy(program.SOURCES / name, folder)
    monkeypatch.setattr(program, "SOURCES", folder)
    monkeypatch.setenv(program.CACHE, str(tmp_path / "cache"))
    return folder


def doubled(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `go` that runs the shell script."""
    go = folder / "bin" / "go"
    go.parent.mkdir()
    go.write_text(f"#!/bin/sh\n{script}\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")


BUILDS = 'while [ $# -gt 1 ]; do [ "$1" = -o ] && echo built > "$2"; shift; done'


def test_every_module_of_kubernetes_has_its_version() -> None:
    minor = program.version().removeprefix("v1.")
    lines = (program.SOURCES / "go.mod").read_text().splitlines()
    replaced = [line.split()[-1] for line in lines if "=>" in line]
    assert replaced
    assert set(replaced) == {f"v0.{minor}"}


def test_it_is_built_once(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(sources, BUILDS, monkeypatch)
    assert program.built() is None
    place = program.build()
    assert program.built() == place
    doubled_again = sources / "bin" / "go"
    doubled_again.write_text("#!/bin/sh\nexit 1\n")
    assert program.build() == place


@pytest.mark.parametrize("name", program.FILES)
def test_another_source_is_another_program(
    name: str, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubled(sources, BUILDS, monkeypatch)
    program.build()
    with (sources / name).open("a") as file:
        file.write("// another\n")
    assert program.built() is None


def test_without_go_it_says_what_to_do(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(sources))
    with pytest.raises(InputError, match="KUBECONFIG"):
        program.build()


def test_without_modules_there_is_no_cluster(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubled(sources, "echo no route to the proxy >&2; exit 1", monkeypatch)
    with pytest.raises(InputError, match="no route to the proxy"):
        program.build()


def test_what_does_not_build_is_an_error_and_leaves_nothing(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubled(sources, '[ "$1" = mod ] || { echo broken >&2; exit 1; }', monkeypatch)
    with pytest.raises(TargetError, match="broken"):
        program.build()
    assert program.built() is None
