from __future__ import annotations

import os
from pathlib import Path

import pytest

from delivery.scanners import secrets
from tests.delivery.scanners.conftest import put

KEY = "AKIA" + "QYLPMN5HHHFPZAM2"  # in two parts, or this file would be found itself
LINE = f'key = "{KEY}"'


@pytest.mark.parametrize(
    "name", ["settings.py", "with space.py", "-x.py", "deep/er/$(id).py", "q'uo\"te.py"]
)
def test_a_secret_is_found_at_its_line_and_not_repeated(root: Path, name: str) -> None:
    put(root, name, f"\n\n{LINE}\n")
    scan = secrets.scan(root)
    assert scan.status == "fail"
    assert {(found.path, found.line) for found in scan.findings} == {(name, 3)}
    assert KEY not in str(scan), "the log of a job is no place for it"


def test_what_git_does_not_know_is_not_looked_at(root: Path) -> None:
    (root / "mine.py").write_text(LINE)
    assert secrets.scan(root).status == "pass"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements/dev.lock", f"x==1 --hash=sha256:{'0123456789abcdef' * 4}\n"),
        ("training.json", f'{{"sha256": "{"0123456789abcdef" * 4}"}}'),
        ("fake.py", f"{LINE}  # pragma: allowlist secret\n"),
    ],
)
def test_what_only_looks_like_one_passes(root: Path, name: str, text: str) -> None:
    put(root, name, text)
    assert secrets.scan(root).status == "pass"


def test_a_real_secret_is_found_even_among_hashes(root: Path) -> None:
    put(root, "training.json", f'{{"statement": "{KEY}"}}')
    assert {found.path for found in secrets.scan(root).findings} == {"training.json"}


def test_many_files_are_all_looked_at(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "AT_ONCE", 1)
    for name in ("a.py", "b.py"):
        put(root, name, LINE)
    assert {found.path for found in secrets.scan(root).findings} == {"a.py", "b.py"}


def test_a_file_that_was_removed_here_is_passed_over(root: Path) -> None:
    put(root, "gone.py", LINE)
    (root / "gone.py").unlink()
    assert secrets.scan(root).status == "pass"


def test_a_name_that_is_no_text_hides_nothing(root: Path) -> None:
    put(root, os.fsdecode(b"\xff.py"), LINE)
    put(root, "b.py", LINE)
    found = secrets.scan(root).findings
    assert "b.py" in {finding.path for finding in found}
    assert len({finding.path for finding in found}) == 2
