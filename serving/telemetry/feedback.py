"""The truth that comes later: POST /feedback.

{"feedback": [{"request_id": "…", "truth": …}, …]} with the label of a row that was sent alone,
or a list of labels in the order of the rows. Each request is told about once: what comes again is
counted and left out, whichever worker it reaches. The file is rotated as the prediction log is.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import Counter

from serving.contract import Contract
from serving.errors import Refusal
from serving.settings.policy import LogSettings
from serving.telemetry.rotation import older, put_aside

NAME = "feedback.jsonl"
MOST = 10_000  # items in a request
REMEMBERED = 200_000  # request ids, the newest; about 30 MB
DEFAULTS = LogSettings()
_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")
EXPECTED = '{"feedback": [{"request_id": …, "truth": …}, …]}'

ITEMS = Counter("serving_feedback_total", "Feedback by what became of it.", ["outcome", "release"])


class Feedback:
    """Writes feedback to `feedback.jsonl` in `folder`, which workers share."""

    def __init__(
        self, contract: Contract, folder: Path, release: str, log: LogSettings = DEFAULTS
    ) -> None:
        self._limit, self._count = log.file_bytes, log.files
        self._contract = contract
        self._path = folder / NAME
        self._release = release
        self._known: dict[bytes, None] = {}  # the oldest first
        self._file_number = 0  # the inode of the file that was read last
        self._read = 0  # bytes of it that are in `_known`
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
                if self._read >= self._limit:
                    self._rotate(file)
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

    @contextmanager
    def _file(self) -> Iterator[Any]:
        """The file, for this worker alone."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with self._path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._is_current(file):
                    yield file
                    return

    def _is_current(self, file: Any) -> bool:
        """Whether the file was not put aside while this worker waited for it."""
        try:
            return os.fstat(file.fileno()).st_ino == self._path.stat().st_ino
        except FileNotFoundError:
            return False

    def _rotate(self, file: Any) -> None:
        if self._count == 1:
            file.truncate(0)
        put_aside(self._path, self._count)

    def _catch_up(self, file: Any) -> None:
        """Read what other workers, or this one before it was restarted, have written."""
        number = os.fstat(file.fileno()).st_ino
        if number != self._file_number:
            for path, start in reversed(list(self._missed())):
                with path.open("rb") as past:
                    past.seek(start)
                    self._remember_all(past)
            self._file_number, self._read = number, 0
        if file.seek(0, 2) < self._read:  # somebody has emptied it
            self._read = 0
        file.seek(self._read)
        line = self._remember_all(file)
        self._read = file.tell()
        if not line.endswith(b"\n"):
            file.write(b"\n")

    def _missed(self) -> Iterator[tuple[Path, int]]:
        """The files that were put aside since this worker looked, the newest first, and from
        where on it does not know them."""
        for path in filter(Path.exists, older(self._path, self._count)):
            if path.stat().st_ino == self._file_number:
                yield path, self._read
                return
            yield path, 0

    def _remember_all(self, file: Any) -> bytes:
        """The ids in the lines from here on; the last line."""
        line = b"\n"
        for line in file:
            try:
                self._remember(_digest(orjson.loads(line)["request_id"]))
            except (ValueError, KeyError, TypeError):
                continue  # a line that a full disk cut off: no reason to refuse the next ones
        return line

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
