"""tests/ mirrors the packages: a module has its test file, and a test file has its module."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "serving",
    "pipeline",
    "delivery/bento",
    "delivery/ci",
    "delivery/cli",
    "delivery/commands",
    "delivery/demo",
    "delivery/deployment",
    "delivery/events",
    "delivery/evidence",
    "delivery/forge",
    "delivery/gates",
    "delivery/git",
    "delivery/github",
    "delivery/governance",
    "delivery/image",
    "delivery/judgement",
    "delivery/manifests",
    "delivery/monitoring",
    "delivery/predictions",
    "delivery/processes",
    "delivery/promotion",
    "delivery/release",
    "delivery/report",
    "delivery/retraining",
    "delivery/scanners",
    "delivery/settings",
    "delivery/state",
    "delivery/storage",
    "delivery/targets",
    "delivery/trust",
)
NO_MODULES = ("__init__", "__main__")  # these hold no behaviour of their own
# Modules without a test file of their own, and why.
EXEMPT = {
    "delivery/demo/stage.py": "`make demo` plays on it",
    "delivery/forge/protocol.py": "a protocol: its implementations are tested",
    "delivery/predictions/place.py": "a protocol: its implementations are tested",
    "serving/rows/batch.py": "a type without behaviour: those that make and read it are tested",
}
# Tests of several modules at once, and what they are about.
WHOLE = {
    "delivery/deployment/test_histories.py": "what is served, whatever people do to main",
    "delivery/report/test_narrow.py": "the page on a telephone, laid out by Chromium",
    "delivery/deployment/test_kills.py": "a rollout, killed before and after each side effect",
    "delivery/report/test_written.py": "the three files that `write` makes",
    "delivery/targets/test_lost_requests.py": "real bentos under load while the traffic moves",
    "serving/batch/test_fuzz.py": "damaged files and full disks",
    "serving/segments/test_s3.py": "a shipper against an S3 interface, and kills",
    "serving/batch/test_kills.py": "jobs that are killed, and two at the same time",
    "serving/batch/test_s3.py": "jobs whose files lie in an S3, away and refusing included",
    "serving/test_served.py": "a built bento as processes, with TLS and workers",
    "serving/test_schemathesis.py": "the service against its own OpenAPI document",
    "serving/protocols/test_clients.py": "clients of other servers against one service",
    "serving/protocols/test_conformance.py": "the same rows over every protocol",
    "serving/protocols/test_errors.py": "the same refusals over every protocol",
    "serving/protocols/test_fuzz.py": "damaged requests over every protocol",
    "serving/protocols/test_states.py": "probes and metadata of every protocol",
    "serving/model/test_pickles_oracle.py": "the scanner against picklescan and Python's unpickler",
    "pipeline/test_docs.py": "docs/model.md against the code",
    "pipeline/test_dvc.py": "dvc.yaml against the stages",
}


def untested(root: Path, package: str) -> list[str]:
    """The modules of a package without their test file."""
    modules = [
        file
        for file in sorted((root / package).rglob("*.py"))
        if file.stem not in NO_MODULES and str(file.relative_to(root)) not in EXEMPT
    ]
    expected = [
        (root / "tests" / file.relative_to(root)).with_name(f"test_{file.name}") for file in modules
    ]
    return [str(file.relative_to(root)) for file in expected if not file.is_file()]


def strays(root: Path, package: str) -> list[str]:
    """The test files of a package without their module."""
    tests = root / "tests"
    files = [file.relative_to(tests) for file in sorted((tests / package).rglob("test_*.py"))]
    return [
        str(file)
        for file in files
        if str(file) not in WHOLE
        and not (root / file.parent / file.name.removeprefix("test_")).is_file()
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_its_test_file(package: str) -> None:
    assert untested(ROOT, package) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_test_file_has_its_module_or_says_what_it_is_about(package: str) -> None:
    assert strays(ROOT, package) == []


def test_what_is_tested_as_a_whole_is_there() -> None:
    assert [path for path in WHOLE if not (ROOT / "tests" / path).is_file()] == []


def test_what_is_exempt_is_there_and_has_no_test() -> None:
    modules = [Path(path) for path in EXEMPT]
    assert [path for path in modules if not (ROOT / path).is_file()] == []
    files = [ROOT / "tests" / path.with_name(f"test_{path.name}") for path in modules]
    assert [file for file in files if file.is_file()] == []


def test_modules_at_the_root_of_delivery_are_tested_too() -> None:
    modules = [file.name for file in (ROOT / "delivery").glob("[!_]*.py")]
    files = ROOT / "tests" / "delivery"
    assert [name for name in modules if not (files / f"test_{name}").is_file()] == []
    assert [
        file.name
        for file in files.glob("test_*.py")
        if file.name.removeprefix("test_") not in modules
    ] == []


def test_a_module_and_a_test_that_miss_each_other_are_both_seen(tmp_path: Path) -> None:
    for name in (
        "serving/rows/new.py",
        "serving/rows/__init__.py",
        "tests/serving/rows/test_old.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert untested(tmp_path, "serving") == ["tests/serving/rows/test_new.py"]
    assert strays(tmp_path, "serving") == ["serving/rows/test_old.py"]
