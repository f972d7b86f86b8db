"""Whose rows are meant: by the id of a request, or by what an input says."""

from __future__ import annotations

import hmac
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from delivery.errors import InputError


@dataclass(frozen=True)
class Person:
    """`requests` are ids of requests; `inputs` maps an input to its value, as text. `key` is the
    one that hides sensitive inputs in the log, SERVING_LOG_KEY; empty without one."""

    requests: frozenset[str] = frozenset()
    inputs: Mapping[str, str] = field(default_factory=dict)
    key: str = field(default="", repr=False)

    @classmethod
    def of(cls, requests: Sequence[str], inputs: Sequence[str], key: str) -> Person:
        """From a command line, where an input is NAME=VALUE; InputError if it is not, or nobody is
        named."""
        pairs = [text.partition("=") for text in inputs]
        if wrong := [name for name, equal, _ in pairs if not equal or not name]:
            raise InputError(f"--entity {wrong[0]}: expected NAME=VALUE, such as customer=4711")
        if not requests and not inputs:
            raise InputError("nobody is named: --request ID or --entity NAME=VALUE says whose rows")
        return cls(frozenset(requests), {name: value for name, _, value in pairs}, key)

    def rows_of(self, line: Mapping[str, Any]) -> frozenset[int]:
        """The rows of a logged request that are this person's."""
        count = len(line["score"])
        if line["request_id"] in self.requests:
            return frozenset(range(count))
        rows = set[int]()
        for name, value in self.inputs.items():
            meant = _meant(name, value, self.key)
            values = line["features"].get(name, ())
            rows |= {number for number, each in enumerate(values) if _text(each) in meant}
        return frozenset(rows)


def _meant(name: str, value: str, key: str) -> frozenset[str]:
    """How the log may write the value: as it is, or as its hash."""
    readings: list[Any] = [value, *_numbers(value)]
    if value.lower() in ("true", "false"):
        readings.append(value.lower() == "true")
    texts = {_text(each) for each in readings}
    if key:
        hidden = [orjson.dumps([name, [each]]) for each in readings]
        texts |= {hmac.new(key.encode(), text, "sha256").hexdigest()[:32] for text in hidden}
    return frozenset(texts)


def _numbers(value: str) -> list[float]:
    try:
        number = float(value)
    except ValueError:
        return []
    whole = [int(number)] if number.is_integer() else []
    try:
        (short,) = struct.unpack("f", struct.pack("f", number))  # as float32 has it
    except OverflowError:
        return [*whole, number]
    return [*whole, number, short]


def _text(value: Any) -> str:
    """The same for 7 and 7.0, which a log writes as its type wants it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(float(value))
    return str(value)
