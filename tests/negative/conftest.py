"""What the negative controls share: a champion that runs, and data that is fair."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.evidence.evaluation import Evaluation
from delivery.gates.service.load import Measured
from tests.delivery.bentos import Bench, Pool, shared_bench, splits, tiny, write_splits
from tests.serving.tiny import tiny_frame

QUICK = Measured(100, 0, p50_ms=1, p95_ms=2, p99_ms=3, max_ms=4, rate=20, seconds=5)


@pytest.fixture(scope="session", autouse=True)
def pool() -> Iterator[None]:
    """Real servers, started once for several controls. Load is measured in its own controls."""
    servers = Pool()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("delivery.bento.temporary.serving", servers.lend)
        patch.setattr("delivery.evidence.service.load.measure", lambda *_: QUICK)
        yield
    servers.keep(0)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return shared_bench(tmp_path_factory)


@pytest.fixture(scope="session")
def champion(bench: Bench) -> Bento:
    """Slightly worse than the truth."""
    return bench.bento("champion", tiny(noise=0.2, seed=7))


@pytest.fixture(scope="session")
def better(bench: Bench) -> Bento:
    """The truth itself: what every control is measured against. It must pass."""
    return bench.bento("better", tiny())


@pytest.fixture(scope="session")
def data(bench: Bench) -> Path:
    """May, June and July of made-up rows, 200 a day."""
    return write_splits(bench.folder / "data", splits(tiny_frame(18_400, seed=11)))


@pytest.fixture(scope="session")
def exam(data: Path) -> Evaluation:
    return Evaluation(data, data)
