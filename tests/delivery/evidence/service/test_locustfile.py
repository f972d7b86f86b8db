"""One simulated client, run by Locust itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from delivery.evidence.service.load import LOCUSTFILE
from tests.delivery.standin import Answer, halves, standin

EXAMPLES = [{"instance": {"a": number}, "prediction": 0.5} for number in range(3)]


def run(folder: Path, answer: Answer, *, warm_up: float = 0.0, rate: float = 20.0) -> str:
    """Half a second of one client; the first error that it kept."""
    examples, first_error = folder / "examples.jsonl", folder / "first-error"
    examples.write_text("".join(f"{json.dumps(example)}\n" for example in EXAMPLES))
    settings = {
        "LOAD_EXAMPLES": examples,
        "LOAD_USERS": 1,
        "LOAD_RATE": rate,
        "LOAD_SECONDS": 0.5,
        "LOAD_WARM_UP": warm_up,
        "LOAD_REQUEST_ID": "delivery.gate",
        "LOAD_FIRST_ERROR": first_error,
    }
    options = ["--headless", "--users", "1", "--json-file", str(folder / "stats")]
    with standin(answer) as url:
        subprocess.run(
            [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", url, *options],
            env=os.environ | {name: str(value) for name, value in settings.items()},
            cwd=folder,
            capture_output=True,
            timeout=30,
            check=False,
        )
    return first_error.read_text() if first_error.exists() else ""


def requests(folder: Path) -> int:
    """How many Locust counted."""
    entries: list[dict[str, Any]] = json.loads((folder / "stats.json").read_text())
    return sum(entry["num_requests"] for entry in entries)


def test_examples_are_sent_one_after_another_and_the_warm_up_is_not_counted(
    tmp_path: Path,
) -> None:
    sent: list[int] = []

    def answer(rows: list[dict[str, Any]]) -> tuple[int, Any]:
        sent.extend(row["a"] for row in rows)
        return halves(rows)

    assert run(tmp_path, answer, warm_up=0.5) == ""
    assert sent == [number % 3 for number in range(len(sent))]
    assert 0 < requests(tmp_path) < len(sent)


def test_the_first_error_is_kept_and_not_the_last(tmp_path: Path) -> None:
    counts = iter(range(1_000))
    text = run(tmp_path, lambda _: (503, {"count": next(counts)}))
    assert text == 'status 503: {"count": 0}'
