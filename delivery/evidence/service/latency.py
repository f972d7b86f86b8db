"""Measure two running services side by side: what requests take, and the memory behind them.

No Locust here: the same requests go to both services in blocks that take turns, and each time is
kept; Locust loads one host and gives percentiles.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import orjson
import psutil

from delivery.bento.bento import Bento
from delivery.bento.client import BATCH, read_examples
from delivery.errors import HeldError, TargetError
from delivery.evidence.predictions import Predictions, policy_sha256
from delivery.evidence.trial import Trial
from delivery.gates.service.latency import Evidence, Policy, Side, judge
from delivery.processes.ports import listening

TIMEOUT = 30.0  # seconds a request
JSON = {"Content-Type": "application/json"}


def gather(trial: Trial) -> Evidence:
    """Beside the champion. Harm has to be found twice; a pass is remembered."""
    if trial.champion is None:
        return Evidence(first=True)
    policy = trial.policy.of(Policy)
    bentos = (trial.bento, trial.champion)
    cache = trial.predictions.cache("latency")
    key = "-".join(sha[:16] for sha in (*(b.sha256 for b in bentos), policy_sha256(policy)))
    evidence = cache.get(key, Evidence.from_json)
    if evidence is not None:
        return evidence
    evidence = _measured(trial.predictions, bentos, policy)
    if judge(evidence, policy).status == "fail":
        evidence = _measured(trial.predictions, bentos, policy)
    if judge(evidence, policy).status == "pass":
        cache.put(key, evidence.to_json())
    return evidence


def _measured(predictions: Predictions, bentos: tuple[Bento, Bento], policy: Policy) -> Evidence:
    urls = predictions.url(bentos[0]), predictions.url(bentos[1])
    predictions.progress(f"measuring {bentos[0].id} and {bentos[1].id} side by side")
    try:
        rows = [example.instance for example in read_examples(bentos[0].model)]
        return Evidence(*side_by_side(urls, rows, policy))
    except HeldError as error:
        return Evidence(missing=str(error))


def side_by_side(
    urls: tuple[str, str], rows: Sequence[dict[str, Any]], policy: Policy
) -> tuple[Side, Side]:
    """Send the same requests to both, in blocks that take turns.

    Raises:
        HeldError: one of them refuses a row.
        TargetError: one of them fails or is gone.
    """
    bodies = [orjson.dumps({"instances": [row]}) for row in rows]
    large = orjson.dumps({"instances": [rows[i % len(rows)] for i in range(BATCH)]})
    times = np.zeros((2, policy.blocks, policy.requests))
    with _client(urls[0]) as one, _client(urls[1]) as other:
        clients = (one, other)
        for client in clients:
            # Scoring may have asked one of them for many rows at once and not the other, whose
            # scores were known. So both are, unless it is more than they take.
            with suppress(HeldError):
                _ask(client, large)
            for body in bodies[: policy.requests]:
                _ask(client, body)
        for block in range(policy.blocks):
            for turn in (block, block + 1):  # who begins takes turns as well
                side = turn % 2
                for number in range(policy.requests):
                    body = bodies[(block * policy.requests + number) % len(bodies)]
                    times[side, block, number] = _ask(clients[side], body)
    first, second = (Side(times[side], *memory(urls[side])) for side in (0, 1))
    return first, second


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False, headers=JSON)


def _ask(client: httpx.Client, body: bytes) -> float:
    """Milliseconds until the whole answer is there."""
    begun = time.perf_counter()
    try:
        answer = client.post("/predict", content=body)
    except httpx.HTTPError as error:
        raise TargetError(f"{client.base_url} does not answer: {error!r}") from error
    taken = (time.perf_counter() - begun) * 1e3
    if 400 <= answer.status_code < 500:
        raise HeldError(f"{client.base_url} refuses a row of the examples: {answer.text[:300]}")
    if answer.status_code != httpx.codes.OK:
        raise TargetError(f"{client.base_url} answered {answer.status_code}: {answer.text[:300]}")
    return taken


def memory(url: str) -> tuple[float, float]:
    """MB that the processes behind `url`, on this machine, hold now and at most held.

    All processes of a service share its socket. Where the system does not tell the most, it is
    what they hold now.

    Raises:
        TargetError: nothing of this user listens there.
    """
    steady = peak = 0
    port = urlsplit(url).port
    for process in {
        process_id for process_id, own in listening(psutil.process_iter()) if own == port
    }:
        with suppress(psutil.Error):
            rss = process.memory_info().rss
            steady += rss
            peak += max(rss, _most(process.pid))
    if not steady:
        raise TargetError(f"no process of this user listens at {url}")
    return steady / 1e6, peak / 1e6


def _most(pid: int) -> int:
    """The high-water mark of resident memory in bytes; Linux alone tells it."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
