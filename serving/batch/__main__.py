"""`python -m serving.batch`, called in a bento's `src`: score files with the model of the bento.

    python -m serving.batch INPUT OUTPUT --release ID

It prints a line of JSON for each step, {"progress": …} or {"report": …}, and the reason of a
failure on stderr. The exit codes are those of serving.batch.errors.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from serving.batch.documents import Manifest, Progress
from serving.batch.errors import BadInput, BatchError
from serving.batch.job import UNIT, Request, run
from serving.batch.reading.sources import SUFFIXES
from serving.settings.policy import TEXT_LENGTH
from serving.settings.workers import count_workers
from serving.strict import DocumentError

MODEL = Path("artifacts/model")
# What S3's driver reads: a store may be away for half a minute.
PATIENCE = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "8"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job; its exit code."""
    request = read_request(arguments)
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        run(request, _print)
    except BatchError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except DocumentError as error:
        print(f"error: {error}", file=sys.stderr)
        return BadInput.exit_code
    return 0


def read_request(arguments: Sequence[str] | None) -> Request:
    """The request that a command line makes."""
    parser = argparse.ArgumentParser(prog="python -m serving.batch", description=__doc__)
    parser.add_argument("input", metavar="INPUT")
    parser.add_argument("output", metavar="OUTPUT")
    parser.add_argument("--release", required=True)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--columns", default="", help="of the input, that go along: a,b")
    parser.add_argument("--input-format", choices=sorted(set(SUFFIXES.values())))
    parser.add_argument("--unit-rows", type=_whole, default=UNIT)
    parser.add_argument("--text-length", type=_whole, default=TEXT_LENGTH)
    parser.add_argument("--max-refused", type=_share, default=0.01)
    parser.add_argument("--drift", choices=("report", "hold"), default="report")
    parser.add_argument("--processes", type=_whole, default=count_workers("auto"))
    given = parser.parse_args(arguments)
    return Request(
        input=given.input,
        output=given.output,
        model=given.model,
        release=given.release,
        columns=tuple(name for name in given.columns.split(",") if name),
        format=given.input_format,
        unit_rows=given.unit_rows,
        text_length=given.text_length,
        max_refused=given.max_refused,
        holds=given.drift == "hold",
        processes=given.processes,
    )


def _print(news: Progress | Manifest) -> None:
    name = "progress" if isinstance(news, Progress) else "report"
    print(json.dumps({name: news.model_dump(mode="json")}), flush=True)


def _whole(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 or more")
    return number


def _share(text: str) -> float:
    if not 0 <= (share := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a share from 0 to 1")
    return share


if __name__ == "__main__":
    sys.exit(main())
