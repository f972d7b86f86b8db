"""The source of a commit is laid out apart from the work tree."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.evidence.supply_chain.source import audit_of, cache_of, laid_out, lines
from delivery.scanners.finding import Finding, Scan
from tests.delivery.evidence.submitted import SOURCE
from tests.delivery.place import World
from tests.origin import Origin

FILES = SOURCE | {"tests/x.py": "one = 1\n", "docs/x.md": "one\n"}


def test_what_goes_into_a_bento_is_there_as_the_commit_has_it(origin: Origin) -> None:
    commit = origin.push(FILES)
    origin.push({"service.py": "two\n"})
    (origin.path / "model" / "mine.py").write_text("not committed")
    with laid_out(World(origin.path, lambda _: None), commit) as root:
        names = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
        assert names == set(SOURCE)
        assert (root / "service.py").read_text() == SOURCE["service.py"]
    assert not root.exists()


def test_the_folder_goes_with_an_error_too(origin: Origin) -> None:
    commit, places = origin.push(FILES), []

    def fail() -> None:
        with laid_out(World(origin.path, lambda _: None), commit) as root:
            places.append(root)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not places[0].exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1/query", ""])
def test_advisories_are_asked_of_whom_the_environment_names(
    origin: Origin, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("ADVISORIES_URL", url)
    audit = audit_of(World(origin.path, lambda _: None))
    assert (audit.advisories, audit.in_job) == (url, False)
    assert audit.today == datetime.now(UTC).date()


def test_answers_are_kept_in_the_workspace(origin: Origin, tmp_path: Path) -> None:
    world = World(origin.path, lambda _: None)
    cache_of(world).put("a", {"b": 1})
    kept = [file for file in (world.workspace / "cache" / "scans").rglob("*") if file.is_file()]
    assert len(kept) == 1
    assert cache_of(World(tmp_path, lambda _: None)).get("a", dict) is None


def test_a_finding_is_a_line_with_its_place_and_rule() -> None:
    scan = Scan("code", "fail", (Finding("B602", "model/fit.py", 5, "a shell"),))
    assert lines(scan) == ["model/fit.py:5 a shell [B602]"]
    assert lines(Scan("code", "pass")) == []
