"""The truth that comes later: POST /feedback.

{"feedback": [{"request_id": "…", "truth": …}, …]} with the label of a row that was sent alone,
or a list of labels in the order of the rows. Each request is told about once: what comes again is
counted and left out, whichever worker it reaches.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import Counter

from serving.contract import Contract
from serving.errors import Refusal
from serving.settings.policy import LogSettings
from serving.telemetry.predictions.feedback_file import FeedbackFile

logger = logging.getLogger("serving")
MOST = 10_000  # items in a request
DEFAULTS = LogSettings()
_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")
EXPECTED = '{"feedback": [{"request_id": …, "truth": …}, …]}'

ITEMS = Counter("serving_feedback_total", "Feedback by what became of it.", ["outcome", "release"])


class Feedback:
    """Writes feedback to the file in `folder` that workers share."""

    def __init__(
        self, contract: Contract, folder: Path, release: str, log: LogSettings = DEFAULTS
    ) -> None:
        self._contract = contract
        self._file = FeedbackFile(folder, log)
        self._release = release
        self._accepted, self._repeated, self._unwritten = (
            ITEMS.labels(outcome, release) for outcome in ("accepted", "duplicate", "unwritten")
        )

    def __call__(self, document: Any) -> dict[str, int]:
        """Keep what is new; how many items were accepted, and how many known before.

        Raises:
            Refusal: 422, naming the item, or 503 if the disk does not take it; nothing of the
                request is kept then.
        """
        items = [self._checked(number, item) for number, item in enumerate(_items(document))]
        lines: dict[str, bytes] = {}
        for identity, truth in items:
            lines.setdefault(identity, self._line(identity, truth))
        try:
            new = self._file.add(lines)
        except OSError as error:
            self._unwritten.inc(len(items))
            reason = f"feedback cannot be written: {error.strerror}"
            logger.error(reason)
            raise Refusal(503, f"{reason}; send it again later") from None
        self._accepted.inc(new)
        self._repeated.inc(len(items) - new)
        return {"accepted": new, "duplicates": len(items) - new}

    def _checked(self, number: int, item: Any) -> tuple[str, Any]:
        if type(item) is not dict or not {"request_id", "truth"} <= item.keys():
            raise Refusal(422, f"feedback {number}: expected request_id and truth")
        identity, truth = item["request_id"], item["truth"]
        if type(identity) is not str or not _ID.fullmatch(identity):
            raise Refusal(422, f"feedback {number}: request_id is not an id of a request")
        if type(truth) is not list:
            return identity, self._label(number, truth)
        if not truth:
            raise Refusal(422, f"feedback {number}: truth is an empty list")
        return identity, [self._label(number, label) for label in truth]

    def _label(self, number: int, truth: Any) -> Any:
        """A class as the contract writes it, or a finite number."""
        classes = self._contract.classes
        if classes is None:
            if type(truth) in (int, float) and math.isfinite(truth):
                return truth
            raise Refusal(422, f"feedback {number}: truth must be a number")
        for written in (str(truth), str(truth).lower(), str(truth).capitalize()):
            if type(truth) in (str, bool, int) and written in classes:
                return written
        listed = ", ".join(classes[:20])
        raise Refusal(422, f"feedback {number}: truth must be one of {listed}")

    def _line(self, identity: str, truth: Any) -> bytes:
        line = {
            "request_id": identity,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "release": self._release,  # the one that was told, perhaps not the one that answered
            "truth": truth,
        }
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _items(document: Any) -> Sequence[Any]:
    items = document.get("feedback") if type(document) is dict else None
    if type(items) is not list or not 1 <= len(items) <= MOST:
        raise Refusal(422, f"the body must be {EXPECTED}, with 1 to {MOST} items")
    return items
