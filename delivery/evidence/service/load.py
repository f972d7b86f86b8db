"""Measure latency, errors and throughput of a running service with Locust.

Locust must be imported before `ssl`, so it never runs in this process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from delivery.bento.client import BY_DELIVERY
from delivery.errors import TargetError
from delivery.evidence.live import Live
from delivery.evidence.predictions import policy_sha256
from delivery.evidence.trial import Trial
from delivery.gates.service.load import Evidence, Measured, Policy, judge
from delivery.gates.verdict import blocking
from serving.contract import EXAMPLES

LOCUSTFILE = Path(__file__).parent / "locustfile.py"
WARM_UP = 0.5  # seconds, dropped
STATS = "stats"
FIRST_ERROR = "first-error"
GRACE = 30.0  # seconds for Locust to start and to end beyond the run itself


def gather(trial: Trial) -> Evidence:
    """Under load in a temporary server. Only a pass is remembered: a busy machine may fail once."""
    policy, predictions = trial.policy.of(Policy), trial.predictions
    cache, key = (
        predictions.cache("load"),
        f"{trial.bento.sha256[:16]}-{policy_sha256(policy)[:16]}",
    )
    measured = cache.get(key, lambda kept: Measured(**kept))
    if measured is not None:
        return Evidence(measured)
    url = predictions.url(trial.bento)
    predictions.progress(f"sending load to {trial.bento.id} for {policy.seconds:g} s")
    evidence = Evidence(measure(url, trial.bento.model / EXAMPLES, policy))
    if judge(evidence, policy).status == "pass" and evidence.measured is not None:
        cache.put(key, evidence.measured.to_json())
    return evidence


def observe(live: Live) -> Evidence | None:
    """Under load where it runs. Load on an instance that already failed proves nothing."""
    if not live.under_load:
        return None
    if blocking(live.verdicts):
        return Evidence(None, "not measured, since another gate blocks already")
    policy = live.policy.of(Policy)
    live.progress(f"sending load to {live.url} for {policy.seconds:g} s")
    return Evidence(measure(live.url, live.bento.model / EXAMPLES, policy))


def measure(url: str, examples: Path, policy: Policy) -> Measured:
    """Send the rows of examples.jsonl to `url` as the policy says; takes its seconds + 3 s.

    Raises:
        TargetError: Locust does not run, or measures nothing.
    """
    with tempfile.TemporaryDirectory(prefix="load-") as scratch:
        text = _run(url, examples.resolve(), policy, Path(scratch))
        note = Path(scratch) / FIRST_ERROR
        first_error = note.read_text(encoding="utf-8") if note.exists() else ""
    return parse(text, source=url, first_error=first_error[:300])


def _run(url: str, examples: Path, policy: Policy, scratch: Path) -> str:
    seconds = policy.seconds + WARM_UP
    command = [
        *(sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--host", url),
        *("--headless", "--only-summary", "--loglevel", "WARNING", "--stop-timeout", "1"),
        *("--users", str(policy.users), "--spawn-rate", str(policy.users)),
        *(
            "--run-time",
            f"{int(seconds + GRACE)}s",
            "--json-file",
            str(scratch / STATS),
            "--exit-code-on-error",
            "0",
        ),
    ]
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")},
        "LOAD_EXAMPLES": str(examples),
        "LOAD_USERS": str(policy.users),
        "LOAD_RATE": str(policy.requests_per_second),
        "LOAD_SECONDS": str(policy.seconds),
        "LOAD_WARM_UP": str(WARM_UP),
        "LOAD_REQUEST_ID": BY_DELIVERY["X-Request-ID"],
        "LOAD_FIRST_ERROR": str(scratch / FIRST_ERROR),
    }
    try:
        # The scratch folder: Locust puts its working directory first on sys.path.
        done = subprocess.run(
            command,
            cwd=scratch,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds + GRACE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TargetError(f"Locust did not end within {seconds + GRACE:.0f} s") from error
    file = scratch / f"{STATS}.json"  # Locust adds the ending
    if done.returncode or not file.exists():
        raise TargetError(f"Locust ended with {done.returncode}: {done.stderr[-500:]}")
    return file.read_text(encoding="utf-8")


def parse(text: str, *, source: str, first_error: str = "") -> Measured:
    """Read Locust's JSON statistics.

    Raises:
        TargetError: it holds no requests.
    """
    entries = [entry for entry in json.loads(text) if entry["name"] == "/predict"]
    if not entries or not entries[0]["num_requests"]:
        raise TargetError(f"the load run against {source} sent no request")
    entry = entries[0]
    times = {float(ms): int(count) for ms, count in entry["response_times"].items()}
    requests, errors = int(entry["num_requests"]), int(entry["num_failures"])
    seconds = float(entry["last_request_timestamp"]) - float(entry["start_time"])
    return Measured(
        requests=requests,
        errors=errors,
        p50_ms=percentile(times, 0.50),
        p95_ms=percentile(times, 0.95),
        p99_ms=percentile(times, 0.99),
        max_ms=float(entry["max_response_time"]),
        rate=(requests - errors) / max(seconds, 1e-9),
        seconds=seconds,
        first_error=first_error,
    )


def percentile(times: Mapping[float, int], share: float) -> float:
    """The smallest time (ms) that `share` of the requests do not exceed."""
    wanted = share * sum(times.values())
    passed = 0
    for ms in sorted(times):
        passed += times[ms]
        if passed >= wanted:
            return ms
    return float("nan")
