"""An SBOM says what the lock really installs; a lock says what it has to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.bento.environment import BATCH_LOCK, LOCK
from delivery.errors import HeldError, InputError
from delivery.release import sbom
from delivery.release.sbom import Component, components, locked, make_sbom
from delivery.state.record import Platform

LINUX = Platform(os="linux", arch="x86_64", libc="glibc", python="3.11.4", lock_sha256="0" * 64)


def document(*licences: object) -> str:
    item = {"name": "Some_Package", "version": "1.0", "licenses": list(licences)}
    return json.dumps({"bomFormat": "CycloneDX", "components": [item]})


def bento(folder: Path, lock: str) -> Path:
    (folder / LOCK).parent.mkdir(parents=True, exist_ok=True)
    (folder / LOCK).write_text(lock)
    return folder


@pytest.mark.parametrize(
    ("licences", "stated"),
    [
        ([], ()),
        ([{"license": {"id": "MIT"}}], ("MIT",)),
        ([{"expression": "MIT OR Apache-2.0"}], ("MIT OR Apache-2.0",)),
        ([{"license": {"name": "Their own"}}], ("Their own",)),
        ([{"license": {"name": "License :: MIT"}}, {"license": {"id": "MIT"}}], ("MIT",)),
    ],
)
def test_a_licence_is_what_the_package_states_exactly(
    licences: list[object], stated: tuple[str, ...]
) -> None:
    assert components(document(*licences), "x") == {"some-package": Component("1.0", stated)}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"bomFormat": "SPDX"}', '{"bomFormat": "CycloneDX", "components": [{}]}'],
)
def test_what_is_no_sbom_is_named(text: str) -> None:
    with pytest.raises(InputError, match=r"^r-1\.cdx\.json is not CycloneDX JSON"):
        components(text, "r-1.cdx.json")


LOCKED = """\
# made by uv
--index-url https://example.org
Click==8.1.8 \\
    --hash=sha256:0
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:0
old_one==1.0 ; python_full_version < '3.12'
new-one==1.0 ; python_full_version >= '3.12'
arm==1.0 ; platform_machine == 'aarch64'
"""


def test_a_lock_is_read_for_the_platform_of_the_record(tmp_path: Path) -> None:
    folder = bento(tmp_path, LOCKED)
    assert locked(folder, LINUX) == {"click": "8.1.8", "old-one": "1.0"}
    newer = LINUX.model_copy(update={"python": "3.12.0", "arch": "aarch64"})
    assert set(locked(folder, newer)) == {"click", "new-one", "arm"}


def test_a_line_that_is_no_requirement_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'what is this' is no requirement"):
        locked(bento(tmp_path, "what is this\n"), LINUX)


def test_what_scores_files_is_listed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bento(tmp_path, LOCKED)
    (folder / BATCH_LOCK).parent.mkdir(parents=True)
    (folder / BATCH_LOCK).write_text(f"{LOCKED}pyarrow==25.0.1\n")
    assert locked(folder, LINUX) == {"click": "8.1.8", "old-one": "1.0", "pyarrow": "25.0.1"}
    asked: list[str] = []

    def environment(_: Path, __: Path, lock: str) -> Path:
        asked.append(lock)
        return tmp_path / "nothing"

    monkeypatch.setattr(sbom, "environment", environment)
    with pytest.raises(HeldError):
        make_sbom(folder, tmp_path)
    assert asked == [BATCH_LOCK]


def test_an_environment_with_nothing_in_it_has_an_sbom_that_is_always_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    folder = bento(tmp_path / "b", "")
    first = make_sbom(folder, tmp_path / "envs")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert make_sbom(folder, tmp_path / "envs") == first
    assert components(first, "x") == {}
    assert first.endswith("}\n")


def test_without_an_answer_of_the_tool_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sbom, "environment", lambda *_: tmp_path / "nothing")
    with pytest.raises(HeldError, match=r"no SBOM of b: cyclonedx-py says .+"):
        make_sbom(tmp_path / "b", tmp_path)
