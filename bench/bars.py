"""What the service has to reach, as ratios to what was measured beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench.contestants import ASGI, BENTOML, KSERVE, LIMIT, MLFLOW, PROTOCOL, SERVICE
from bench.results import Cell, Results

ONE_ROW, MANY_ROWS = Cell(8, 1), Cell(8, 1000)
FASTER = {LIMIT: 0.8, ASGI: 0.65, PROTOCOL: 0.45, KSERVE: 2.0, BENTOML: 6.0, MLFLOW: 15.0}
FASTER_WITH_MANY = {LIMIT: 0.85, KSERVE: 1.0}
START = 2.0  # s
MEMORY = 250.0  # MB


@dataclass(frozen=True, slots=True)
class Bar:
    """`text` says what is measured, once in each round; the worst of them has to be at least, or
    at `most`, `required`."""

    text: str
    rounds: Sequence[float]
    required: float
    most: bool = False

    @property
    def middle(self) -> float:
        return float(median(self.rounds))

    @property
    def least(self) -> float:
        return min(self.rounds)

    @property
    def greatest(self) -> float:
        return max(self.rounds)

    @property
    def met(self) -> bool:
        if self.most:
            return self.greatest <= self.required
        return self.least >= self.required


def bars(results: Results) -> Iterator[Bar]:
    """Every bar that the plan of a run, and those who took part, allow to measure."""
    for cell, faster in ((ONE_ROW, FASTER), (MANY_ROWS, FASTER_WITH_MANY)):
        rows = "one row" if cell.rows == 1 else f"{cell.rows:,} rows"
        for other, required in faster.items():
            if other in results.servers:
                title = "the limit" if other == LIMIT else results.servers[other].title
                text = f"requests a second, ratio to {title}, {rows}"
                yield Bar(text, results.ratios(cell, SERVICE, other), required)
    p99 = results.ratios(ONE_ROW, SERVICE, LIMIT, of="p99")
    yield Bar("p99 latency, ratio to the limit, one row", p99, 3.0, most=True)
    service = results.servers[SERVICE]
    starts = "seconds from the start until the service is ready"
    yield Bar(starts, service.starts, START, most=True)
    memory = "MB of memory of all processes, one worker"
    yield Bar(memory, [service.megabytes], MEMORY, most=True)
