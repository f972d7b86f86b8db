"""The truth that comes later: POST /feedback.

{"feedback": [{"request_id": "…", "truth": …}, …]} with the label of a row that was sent alone,
or a list of labels in the order of the rows. Each request is told about once: what comes again is
counted and left out, whichever worker it reaches.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import Counter

from serving.contract import Contract
from serving.predict import Refusal

NAME = "feedback.jsonl"
MOST = 10_000  # items in a request
REMEMBERED = 200_000  # request ids, the newest; about 30 MB
_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")
EXPECTED = '{"feedback": [{"request_id": …, "truth": …}, …]}'

ITEMS = Counter("serving_feedback_total", "Feedback by what became of it.", ["outcome", "release"])


class Feedback:
    """Writes feedback to `feedback.jsonl` in `folder`, which workers share."""

    def __init__(self, contract: Contract, folder: Path, release: str) -> None:
        self._contract = contract
        self._path = folder / NAME
        self._release = release
        self._known: dict[bytes, None] = {}  # the oldest first
        self._read = 0  # bytes of the file that are in `_known`
        self._accepted, self._repeated = (
            ITEMS.labels(outcome, release) for outcome in ("accepted", "duplicate")
        )

    def __call__(self, document: Any) -> dict[str, int]:
        """Keep what is new; how many items were accepted, and how many known before.

        Raises:
            Refusal: 422, naming the item; nothing of the request is kept then.
        """
        items = [self._checked(number, item) for number, item in enumerate(_items(document))]
        with self._file() as file:
            self._catch_up(file)
            new = []
            for identity, truth in items:
                digest = _digest(identity)
                if digest not in self._known:
                    self._remember(digest)
                    new.append(self._line(identity, truth))
            if new:
                file.write(b"".join(new))
                file.flush()
                self._read = file.tell()
        self._accepted.inc(len(new))
        self._repeated.inc(len(items) - len(new))
        return {"accepted": len(new), "duplicates": len(items) - len(new)}

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
        return identity, [self._label(number, one) for one in truth]

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

    @contextmanager
    def _file(self) -> Iterator[Any]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _catch_up(self, file: Any) -> None:
        """Read what other workers, or this one before it was restarted, have written."""
        file.seek(0, 2)
        if file.tell() < self._read:  # somebody has put the file aside
            self._read = 0
            self._known.clear()
        file.seek(self._read)
        line = b"\n"
        for line in file:
            try:
                self._remember(_digest(orjson.loads(line)["request_id"]))
            except (ValueError, KeyError, TypeError):
                continue  # a line that a full disk cut off: no reason to refuse the next ones
        self._read = file.tell()
        if not line.endswith(b"\n"):
            file.write(b"\n")

    def _remember(self, digest: bytes) -> None:
        self._known[digest] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


def _items(document: Any) -> Sequence[Any]:
    items = document.get("feedback") if type(document) is dict else None
    if type(items) is not list or not 1 <= len(items) <= MOST:
        raise Refusal(422, f"the body must be {EXPECTED}, with 1 to {MOST} items")
    return items


def _digest(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=16).digest()
