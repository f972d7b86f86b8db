"""`delivery gate` as a whole, in a job: what the newest gates alone can see."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.commands.gate import gate
from delivery.context import Context
from delivery.gates.verdict import Verdict, blocking
from delivery.settings.host import Surroundings
from delivery.settings.overrides import Overrides
from tests.checkout import POLICY as POLICY_FILE
from tests.checkout import share, shared_folder
from tests.delivery.trained import STAGES, Trained, make_trained
from tests.negative.conftest import QUICK
from tests.negative.test_sealed import PEEK
from tests.pipeline.sealed.conftest import needs_landlock
from tests.workflows.advisories import advisories

pytestmark = [pytest.mark.e2e, needs_landlock]
POLICY = POLICY_FILE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def peeking(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained unsealed, on the holdout as well, and pushed; its statements are forged."""
    made = make_trained(tmp_path_factory.mktemp("whole"), more=PEEK)
    remote = f"['remote \"store\"']\n    url = {made.path.parent}/remote\n"
    load = f"load: {{ requests_per_second: {QUICK.rate}, minimum_requests: {QUICK.requests} }}"
    policy = re.sub("load: {.*}", load, POLICY)
    config = f"[core]\n    remote = store\n{remote}"
    made.origin.push({".dvc/config": config, "delivery.yaml": policy})
    made.train(*STAGES)
    made.commit()
    push = [sys.executable, "-m", "dvc", "push", "--quiet"]
    subprocess.run(push, cwd=made.path, check=True, timeout=120)
    return made


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Surroundings, "in_job", True)
    with advisories() as found:
        monkeypatch.setenv("ADVISORIES_URL", found.url)
        yield


def verdicts(
    trained: Trained, workspace: Path, factory: pytest.TempPathFactory
) -> dict[str, Verdict]:
    share(workspace, shared_folder(factory) / "workspace")
    result = gate(Context(trained.path, print), Overrides())
    found = result.judged.judgement.verdicts
    return {verdict.gate: verdict for verdict in blocking(found)}


def test_a_whole_delivery_gate_stops_a_model_that_saw_the_holdout(
    peeking: Trained, job: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By every comparison of scores it is the best model there is. What was learnt by heart does
    not bear noise either."""
    blocked = verdicts(peeking, peeking.path / ".delivery", tmp_path_factory)
    assert {name: verdict.status for name, verdict in blocked.items()} == {
        "sealed": "fail", "too_good": "hold", "robustness": "fail"
    }, blocked  # fmt: skip
