from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from delivery.cache import Cache
from delivery.errors import InputError
from delivery.scanners import dependencies
from delivery.scanners.dependencies import ALLOWED, LOCK, Audit
from delivery.scanners.finding import Scan
from tests.delivery.scanners.conftest import put
from tests.workflows.advisories import ADVISORY, Advisories, advisories

TODAY = date(2026, 11, 24)
NOWHERE = "http://127.0.0.1:9/v1/query"  # the discard port: nothing answers there
ENTRY = '- {{ id: {}, until: {}, reason: "{}" }}\n'
REASON = "not reachable: never called"


@pytest.fixture
def source() -> Iterator[Advisories]:
    with advisories() as found:
        yield found


@pytest.fixture
def locked(root: Path) -> Path:
    put(root, LOCK, f"made-up==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    return root


def look(root: Path, url: str, *, in_job: bool = True) -> Scan:
    return dependencies.scan(root, Audit(url, in_job, TODAY))


def test_a_package_without_advisory_passes(locked: Path, source: Advisories) -> None:
    assert look(locked, source.url).status == "pass"
    assert source.asked == {"made-up"}


@pytest.mark.parametrize(
    ("advisory", "until", "status"),
    [
        (ADVISORY["id"], "2026-11-25", "pass"),
        (ADVISORY["id"], "2026-11-24", "pass"),
        (ADVISORY["id"], "2026-11-23", "fail"),
        ("GHSA-other", "2027-01-01", "fail"),
        (None, "", "fail"),
    ],
)
def test_a_vulnerable_package_fails_but_while_it_is_allowed(
    locked: Path, source: Advisories, advisory: str | None, until: str, status: str
) -> None:
    source.vulnerable.add("made-up")
    if advisory:
        put(locked, ALLOWED, ENTRY.format(advisory, until, REASON))
    scan = look(locked, source.url)
    assert scan.status == status
    if status == "fail":
        (found,) = scan.findings
        assert (found.rule, found.path) == (ADVISORY["id"], LOCK)
        assert found.message.startswith("made-up 1.0: ")


@pytest.mark.parametrize(("in_job", "status"), [(True, "hold"), (False, "not checked")])
def test_without_a_source_nothing_is_known(locked: Path, in_job: bool, status: str) -> None:
    scan = look(locked, NOWHERE, in_job=in_job)
    assert (scan.status, scan.findings) == (status, ())
    assert f"no source of advisories answered: {NOWHERE} cannot be reached" in scan.why
    assert "ADVISORIES_URL" in scan.why
    assert "Traceback" not in scan.why


def test_a_mirror_without_pages_about_packages_is_told_from_a_broken_package(
    locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pip-audit says of an index that has packages and no advisories."""
    said = (
        "ERROR:pip_audit._cli:made-up: Dependency not found on PyPI and could not be audited: "
        "made-up (1.0)\n"
    )
    done = subprocess.CompletedProcess([], 1, stdout="", stderr=said)
    monkeypatch.setattr(dependencies, "run", lambda *_: done)
    scan = look(locked, "")
    assert (scan.status, scan.findings) == ("hold", ())
    assert "pypi has no page about made-up (1.0)" in scan.why
    assert "ADVISORIES_URL" in scan.why
    assert "ERROR" not in scan.why


@pytest.mark.parametrize(
    "text",
    [
        ENTRY.format("GHSA-1", "2027-01-01", ""),
        ENTRY.format("GHSA-1", "2027-01-01", "because"),
        "- { id: GHSA-1, until: 2027-01-01 }\n",
        '- { id: GHSA-1, reason: "never called anywhere" }\n',
        ENTRY.format("GHSA-1", "some day", REASON),
        f'- {{ id: GHSA-1, until: 2027-01-01, reason: "{REASON}", more: 1 }}\n',
        "GHSA-1\n",
        "{ id: GHSA-1 }\n",
        "7\n",
    ],
)
def test_an_allowance_has_an_id_an_end_and_a_reason(text: str) -> None:
    with pytest.raises(InputError, match="advisories"):
        dependencies.allowances(text)


@pytest.mark.parametrize("text", ["", "# none\n", "[]\n"])
def test_a_file_may_allow_nothing(text: str) -> None:
    assert dependencies.allowances(text) == ()


def test_an_answer_counts_for_a_day_and_silence_is_not_remembered(
    locked: Path, source: Advisories, tmp_path_factory: pytest.TempPathFactory
) -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    folder = tmp_path_factory.mktemp("memory")

    def look_at(hours: float, url: str = source.url) -> str:
        cache = Cache(folder, lambda: noon + timedelta(hours=hours))
        return dependencies.scan(locked, Audit(url, True, TODAY), cache).status

    assert look_at(0, NOWHERE) == "hold"
    assert look_at(0, NOWHERE) == "hold"
    assert look_at(0) == "pass"
    source.vulnerable.add("made-up")
    assert look_at(23.9) == "pass"
    assert look_at(24.1) == "fail"
