"""Feedback about users since they were served: given to the service, or in a file of events.

A line of feedback is what docs/serving.md says. A line of a file of events is

    {"who": "customer-7", "time": "2026-11-27T10:00:00+00:00", "value": 1}

with `metric` if there are several, and `"before": true` for what is known from before. `who` is the
value of the header that `experiment.header` names.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from delivery.errors import InputError
from delivery.gates.rollout.observations.served import Feedback, digest
from delivery.predictions.address import place_of
from serving.segments.folder import FEEDBACK

TRUTHS = {"true": 1.0, "false": 0.0, True: 1.0, False: 0.0}


def feedback(folder: Path, metric: str) -> Iterator[Feedback]:
    """All feedback below the log folder of a target. What is no number, and no yes or no, is
    left out: it has no mean."""
    for line in place_of(str(folder)).lines(FEEDBACK, date.min):
        if item := _feedback(line, metric):
            yield item


def events(file: Path, entity: Callable[[str], str], default: str) -> Iterator[Feedback]:
    """All lines of a file of events; `entity` gives the digest of who it is about.

    Raises:
        InputError: no such file, or a line that is no event.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError as error:
        raise InputError(
            f"{file} cannot be read ({error.strerror}): `experiment.outcome` names it. Write the "
            "events there, or set `outcome: feedback`"
        ) from error
    if lines and not _is_whole(lines[-1]):
        lines.pop()  # it is being written
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _event(line, f"{file}:{number}", entity, default)


def _is_whole(line: str) -> bool:
    try:
        return line.endswith("\n") or isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _feedback(line: bytes, metric: str) -> Feedback | None:
    """None for half a line, which is being written, and for what has no mean."""
    try:
        item = json.loads(line)
        value, at = _number(item["truth"]), datetime.fromisoformat(item["time"]).timestamp()
        return Feedback(at, value, request=digest(item["request_id"]), metric=metric)
    except (ValueError, KeyError, TypeError):
        return None


def _event(line: str, where: str, entity: Callable[[str], str], default: str) -> Feedback:
    try:
        item: Mapping[str, Any] = json.loads(line)
        return Feedback(
            at=datetime.fromisoformat(item["time"]).timestamp(),
            value=_number(item["value"]),
            entity=entity(str(item["who"])),
            metric=str(item.get("metric", default)),
            before=bool(item.get("before", False)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{where}: {error!r}. Expected a line such as "
            '{"who": "customer-7", "time": "2026-11-27T10:00:00+00:00", "value": 1}'
        ) from error


def _number(truth: Any) -> float:
    """A list of labels counts by its mean."""
    if isinstance(truth, list):
        if not truth:
            raise ValueError("an empty list has no mean")
        return sum(map(_number, truth)) / len(truth)
    known = truth.lower() if isinstance(truth, str) else truth
    value = TRUTHS[known] if known in TRUTHS else float(known)
    if not math.isfinite(value):
        raise ValueError(f"{truth!r} is no finite number")
    return value
