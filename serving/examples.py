"""The examples of a model: rows of a request, and what the trained model answered to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.contract import EXAMPLES
from serving.strict import DocumentError


@dataclass(frozen=True)
class Example:
    """One line of examples.jsonl."""

    instance: dict[str, Any]
    prediction: float | list[float]


def read_examples(folder: Path) -> tuple[Example, ...]:
    """The examples of a model folder. DocumentError names the line that cannot be read."""
    file = folder / EXAMPLES
    if not file.is_file():
        raise DocumentError(f"{EXAMPLES}: no such file; `dvc repro` writes it")
    lines = file.read_bytes().splitlines()
    return tuple(_example(number, line) for number, line in enumerate(lines, start=1))


def _example(number: int, line: bytes) -> Example:
    try:
        content = json.loads(line)
        return Example(content["instance"], content["prediction"])
    except (ValueError, KeyError, TypeError) as error:
        raise DocumentError(f"{EXAMPLES}: line {number} is not an example ({error!r})") from error
