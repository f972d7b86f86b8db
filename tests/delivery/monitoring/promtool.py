"""Rules tried by promtool on made-up series; skipped in one line where there is none.

PROMTOOL names another one: `PROMTOOL=/opt/prometheus-3/promtool make test`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from delivery.monitoring.rules.rule import Group

PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not there: apt-get install prometheus"
)


@dataclass(frozen=True)
class Case:
    """Series as promtool writes them, one value each `step`; `at` is when the alert is looked
    for. Other labels than `environment` and `release` stand in the name."""

    series: tuple[tuple[str, str], ...]
    at: str
    step: str = "1m"


def case(series: Mapping[str, str], at: str, step: str = "1m") -> Case:
    return Case(tuple(series.items()), at, step)


def differs(group: Group, alert: str, cases: Mapping[Case, bool], folder: Path) -> str:
    """Where promtool disagrees about which cases make the alert fire; empty if it does not."""
    query = f'count by (alertname) (ALERTS{{alertname="{alert}",alertstate="firing"}})'
    firing = [{"labels": f'{{alertname="{alert}"}}', "value": 1}]
    tests = [_test(case, query, firing if expected else []) for case, expected in cases.items()]
    slowest = max((case.step for case in cases), key=_seconds)
    return _tried(
        replace(group, interval=max(group.interval, slowest, key=_seconds)), tests, folder
    )


def wrong(group: Group, expression: str, case: Case, expected: float, folder: Path) -> str:
    """What promtool says against `expected`, the value of an expression without its labels, to six
    places; empty if it is right."""
    samples = [{"labels": "{}", "value": round(expected, 6)}]
    test = _test(case, f"round(1e6 * sum({expression})) / 1e6", samples)
    return _tried(replace(group, interval=case.step), [test], folder)


def _test(case: Case, query: str, samples: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {
        "interval": case.step,
        "input_series": [
            {"series": _labelled(name), "values": values} for name, values in case.series
        ],
        "promql_expr_test": [{"expr": query, "eval_time": case.at, "exp_samples": list(samples)}],
    }


def _tried(group: Group, tests: Sequence[Mapping[str, Any]], folder: Path) -> str:
    assert PROMTOOL is not None
    rules, file = folder / "rules.yaml", folder / "test.yaml"
    rules.write_text(json.dumps({"groups": [group.to_yaml("")]}))
    test = {"rule_files": [rules.name], "evaluation_interval": group.interval, "tests": tests}
    file.write_text(json.dumps(test))
    done = subprocess.run(
        [PROMTOOL, "test", "rules", file.name],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _labelled(name: str) -> str:
    metric, _, rest = name.partition("{")
    own = 'job="serving",environment="production"'
    release = "" if "release=" in rest else ',release="r-1"'
    return f"{metric}{{{own}{release}{',' + rest.rstrip('}') if rest else ''}}}"


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[duration[-1]]
