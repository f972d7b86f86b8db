"""What a request of the service costs by its parts, in µs of CPU time, without sockets.

python parts.py MODEL      prints JSON: rows → part → µs; serving/ is on the path
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path
from statistics import quantiles
from time import thread_time_ns, time
from typing import Any

import orjson
from scoring import Scorer

from serving.guard.guard import Guard
from serving.guard.keys import make_key
from serving.http.app import Service
from serving.predict.predictor import Scored
from serving.protocols import native
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start
from serving.telemetry.drift.counters import ROWS, DriftCounters
from serving.telemetry.predictions.log_lines import LogLines
from serving.telemetry.predictions.short_lines import SIZE, Entry

TIMES = {1: 3000, 1000: 60}  # requests by rows
Sample = dict[str, list[float]]


class Stopwatch:
    """Nanoseconds of each part of each request. Parts are measured in the midst of a request,
    since alone and again and again they find everything in the caches of the processor."""

    def __init__(self) -> None:
        self.seen: Sample = {}
        self._since = 0

    def start(self) -> None:
        self._since = thread_time_ns()

    def lap(self, part: str, share: int = 1) -> None:
        """The end of a part; one of so many requests had its `share`."""
        now = thread_time_ns()
        self.seen.setdefault(part, []).append((now - self._since) / share)
        self._since = thread_time_ns()

    def fastest(self) -> dict[str, float]:
        """µs by part that the fastest tenth of its times took at most: others only add."""
        return {part: quantiles(times, n=10)[0] / 1000 for part, times in self.seen.items()}


class Bench:
    """The service over the model in `folder`, and the limit."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._key, entry = make_key("bench", ["predict"], days=1)
        host = Host(api_keys=json.dumps([entry.model_dump(mode="json")]), log_folder=scratch)
        start = Start("r-0123456789ab", ServingSettings(auth="keys"), host=host)
        self._service = service = Service(folder, start)
        service.load()
        contract = service.predictor.contract
        self._counters = DriftCounters(contract, "parts")
        self._log = LogLines(contract, "parts", b"")
        self._guard = Guard(service.app, start=start, shape=service.error, direct=service.direct)
        self._limit = Scorer(folder)

    async def parts(self, bodies: list[bytes], times: int) -> dict[str, float]:
        """µs by part; `whole` and `limit` are all that happens between two sockets."""
        watch = Stopwatch()
        for number in range(times):
            body = bodies[number % len(bodies)]
            self._ours(body, watch)
            watch.start()
            await self._asked(body)
            watch.lap("whole")
            self._theirs(body, watch)
        return watch.fastest()

    def _ours(self, body: bytes, watch: Stopwatch) -> None:
        predictor = self._service.predictor
        watch.start()
        query = predictor.decode(body, "instances")
        watch.lap("decode")
        assert query is not None, "the short way takes the rows of the examples"
        batch = query.batch
        assert batch is not None
        score = predictor.model.score(batch.columns)
        watch.lap("score")
        scored = Scored(score, batch, 0)
        native.encode(scored, query, predictor)
        watch.lap("answer")
        many = -(-ROWS // batch.rows)
        for _ in range(many):  # as a busy worker does it: many rows at a time
            self._counters.scored(scored)
        watch.lap("count", share=many)
        several = SIZE if batch.rows == 1 else 1
        for _ in range(several):
            self._log.add(Entry("0" * 24, time(), batch, score))
        self._log.take()
        watch.lap("log", share=several)

    def _theirs(self, body: bytes, watch: Stopwatch) -> None:
        watch.start()
        rows = orjson.loads(body)["instances"]
        watch.lap("limit: JSON")
        feeds = self._limit.feeds(rows)
        watch.lap("limit: columns")
        score = self._limit.run(feeds)
        watch.lap("limit: score")
        orjson.dumps({"predictions": score}, option=orjson.OPT_SERIALIZE_NUMPY)
        watch.lap("limit: answer")

    async def _asked(self, body: bytes) -> None:
        """A whole request, counters and log left out."""
        headers = [(b"host", b"x"), (b"content-type", b"application/json")]
        headers += [(b"content-length", b"%d" % len(body))]
        headers += [(b"authorization", b"Bearer " + self._key.encode())]
        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
        scope |= {"client": ("127.0.0.1", 1), "query_string": b"", "scheme": "http"}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(sent: dict[str, Any]) -> None:
            assert sent.get("status", 200) == 200, sent

        await self._guard(scope, receive, send)  # type: ignore[arg-type]


if __name__ == "__main__":
    model = Path(sys.argv[1])
    lines = (model / "examples.jsonl").read_text().splitlines()
    examples = [json.loads(line)["instance"] for line in lines]
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(model, Path(scratch))
        for count, times in TIMES.items():
            choose = random.Random(count)
            chosen = [
                orjson.dumps({"instances": choose.choices(examples, k=count)}) for _ in range(10)
            ]
            found[count] = asyncio.run(bench.parts(chosen, times))
    print(json.dumps(found))
