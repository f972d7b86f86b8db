"""What the service has to reach, as ratios to what was measured beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from bench.contestants import BENTOML, KSERVE, LIMIT, MLFLOW, SERVICE
from bench.results import Cell, Results

ONE_ROW, MANY_ROWS = Cell(8, 1), Cell(8, 1000)
FASTER = {LIMIT: 0.5, KSERVE: 1.5, BENTOML: 6.0, MLFLOW: 15.0}  # at one row
START = 3.0  # s
MEMORY = 300.0  # MB


@dataclass(frozen=True, slots=True)
class Bar:
    """`text` says what is measured; it has to be at least, or at `most`, `required`."""

    text: str
    measured: float
    required: float
    most: bool = False

    @property
    def met(self) -> bool:
        if self.most:
            return self.measured <= self.required
        return self.measured >= self.required


def bars(results: Results) -> Iterator[Bar]:
    """Every bar that the plan of a run allows to measure."""
    for other, required in FASTER.items():
        title = "the limit" if other == LIMIT else results.servers[other].title
        text = f"requests a second, ratio to {title}, one row"
        yield Bar(text, results.ratio(ONE_ROW, SERVICE, other), required)
    p99 = results.ratio(ONE_ROW, SERVICE, LIMIT, of="p99")
    yield Bar("p99 latency, ratio to the limit, one row", p99, 3.0, most=True)
    many = results.ratio(MANY_ROWS, SERVICE, LIMIT)
    yield Bar("requests a second, ratio to the limit, 1,000 rows", many, 0.8)
    service = results.servers[SERVICE]
    yield Bar(
        "seconds from the start until the service is ready",
        median(service.starts),
        START,
        most=True,
    )
    yield Bar("MB of memory of all processes, one worker", service.megabytes, MEMORY, most=True)
