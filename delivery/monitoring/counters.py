"""What live instances have counted since they started, from their /metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

import httpx
from prometheus_client.parser import text_string_to_metric_families

from delivery.monitoring.judges.service import Counts
from delivery.monitoring.rules.expressions import PREDICTS
from delivery.settings.monitoring import Monitoring

TIMEOUT = 10.0  # s


def counts(urls: Iterable[str], policy: Monitoring) -> Counts | None:
    """The sum over the instances that answer; None where none does."""
    answers = []
    with httpx.Client(timeout=TIMEOUT, trust_env=False) as client:
        for url in urls:
            with suppress(httpx.HTTPError):
                answer = client.get(f"{url}/metrics")
                if answer.status_code == httpx.codes.OK:
                    answers.append(parse(answer.text, policy.objective.latency_ms / 1000))
    return sum(answers, Counts()) if answers else None


def parse(text: str, edge: float) -> Counts:
    """The counts in an exposition; answers after `edge` seconds are slow."""
    answers = errors = refused = timed = within = 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels, value = sample.labels, sample.value
            route, status = labels.get("route", ""), labels.get("status", "")
            predicts = re.fullmatch(PREDICTS, route) is not None
            if sample.name == "serving_requests_total":
                failed = status.startswith("5") and (predicts or route == "refused")
                answers += value * (predicts or failed)
                errors += value * failed
                refused += value * (predicts and status == "422")
            elif sample.name == "serving_request_seconds_count":
                timed += value * predicts
            elif sample.name == "serving_request_seconds_bucket" and labels["le"] != "+Inf":
                within += value * (predicts and float(labels["le"]) == edge)
    return Counts(int(answers), int(errors), int(timed - within), int(refused))
