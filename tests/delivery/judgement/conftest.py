"""Two releases, judged in a workspace that remembers nothing."""

from __future__ import annotations

import os

import pytest

from delivery.bento.bento import Bento
from tests.delivery.bentos import Bench, shared_bench, tiny


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Bench:
    room = f"{request.module.__name__.rpartition('.')[2]}-{os.getpid()}"
    return shared_bench(tmp_path_factory).apart(room)


@pytest.fixture(scope="module")
def better(bench: Bench) -> Bento:
    return bench.bento("better", tiny())


@pytest.fixture(scope="module")
def champion(bench: Bench) -> Bento:
    return bench.bento("champion", tiny(noise=0.2, seed=7))
