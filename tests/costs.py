"""What the tests cost: wall and CPU seconds of each file and of each run of a workflow.

Processor time counts every process that the tests waited for. What outlives its test (a deployed
bento) and what is killed with its parent is not in it.
"""

from __future__ import annotations

import resource
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

# In this order; the table at the end of a run says which they are. The rest follows by name.
LONGEST = (
    "tests/workflows/test_loop.py",
    "tests/test_loop.py",
    "tests/pipeline/sealed/test_launch.py",
    "tests/negative/test_quality.py",
    "tests/test_before.py",
    "tests/pipeline/test_dvc.py",
    "tests/delivery/deployment/test_fallback.py",
    "tests/pipeline/sealed/test_tracker.py",
    "tests/delivery/deployment/test_reconcile.py",
    "tests/workflows/test_hostile.py",
    "tests/workflows/test_first_release.py",
    "tests/delivery/bento/test_build.py",
    "tests/serving/test_schemathesis.py",
)
Cost = tuple[str, float, float]  # what, wall seconds, CPU seconds

runs: list[Cost] = []  # since the last report of a test
_spent = 0.0
SHOWN = 25
CACHED = "costs/files"  # in the cache of pytest


def cpu_seconds() -> float:
    """User and system time of this process and of its children that have ended."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, who))


@contextmanager
def counted(what: str) -> Iterator[None]:
    """Note under `what` the seconds that the block takes."""
    began, cpu = time.monotonic(), cpu_seconds()
    try:
        yield
    finally:
        runs.append((what, time.monotonic() - began, cpu_seconds() - cpu))


def pytest_collection_finish() -> None:
    """What starting and collecting took is no test's."""
    global _spent
    _spent = cpu_seconds()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Runs in the worker; what it adds to the report reaches the controller."""
    global _spent
    report = yield
    now = cpu_seconds()
    report.cpu, report.runs, _spent = now - _spent, runs.copy(), now
    runs.clear()
    return report


def file_costs(config: pytest.Config) -> dict[str, float]:
    """File → the CPU seconds that it took when it was run here last."""
    known: dict[str, float] = config.cache.get(CACHED, {}) if config.cache else {}
    return known


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A table of the costliest files, and one of all runs of workflows in their order."""
    wall: defaultdict[str, float] = defaultdict(float)
    cpu: defaultdict[str, float] = defaultdict(float)
    workflows: list[Cost] = []
    reports = [one for found in terminalreporter.stats.values() for one in found]
    for report in reports:
        if hasattr(report, "cpu"):
            file = report.nodeid.partition("::")[0]
            wall[file] += report.duration
            cpu[file] += report.cpu
            workflows += [tuple(run) for run in report.runs]
    files = sorted(((name, wall[name], cpu[name]) for name in cpu), key=lambda row: -row[2])
    config = terminalreporter.config
    if getattr(config, "cache", None):
        config.cache.set(CACHED, file_costs(config) | dict(cpu))
    total = ("all", sum(wall.values()), sum(cpu.values()))
    terminalreporter.section("seconds: wall, CPU")
    for what, took, used in (total, *files[:SHOWN], *workflows):
        terminalreporter.write_line(f"{took:8.1f} {used:8.1f}  {what}")
