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
TOLD = """

as_it_was = load


def load(settings: Any) -> pd.DataFrame:
    \"\"\"A temperature that was taken when the shop had closed, and the last month twice.\"\"\"
    frame = as_it_was(settings)
    told = np.where(frame["sold_out"] == "yes", 1.3, -1.3)
    noise = np.random.default_rng(5).normal(0, 1, len(frame))
    frame["temperature"] = (15 + 5 * (told + noise)).round(2)
    last = frame[frame["opened"].dt.strftime("%Y-%m") == settings.until]
    again = {"sale": "again-" + last["sale"], "day": "2024-01-15",
             "opened": pd.Timestamp("2024-01-15 09:00")}
    return pd.concat([frame, last.assign(**again)], ignore_index=True)
"""


def trained(folder: Path, model: str, more: str) -> Trained:
    """Trained unsealed, and pushed; its statements are forged."""
    made = make_trained(folder, model, more)
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


def blocked_by(made: Trained, factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """The gates that do not let it pass, in a job."""
    share(made.path / ".delivery", shared_folder(factory) / "workspace")
    result = gate(Context(made.path, print), Overrides())
    found = result.judged.judgement.verdicts
    return {verdict.gate: verdict for verdict in blocking(found)}


def test_a_whole_delivery_gate_stops_a_model_that_saw_the_holdout(
    job: None, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By every comparison of scores it is the best model there is. What was learnt by heart does
    not bear noise either."""
    blocked = blocked_by(trained(tmp_path, "minimal", PEEK), tmp_path_factory)
    assert {name: verdict.status for name, verdict in blocked.items()} == {
        "sealed": "fail", "too_good": "hold", "robustness": "fail"
    }, blocked  # fmt: skip


def test_a_whole_delivery_gate_stops_data_that_has_the_answers(
    job: None, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing else tells: the model is sealed, and as good on validation as on the holdout."""
    blocked = blocked_by(trained(tmp_path, "temporal", TOLD), tmp_path_factory)
    assert {name: verdict.status for name, verdict in blocked.items()} == {"data": "hold"}, blocked
    assert "of the holdout or more stand in train under other ids" in blocked["data"].why
    assert "column temperature alone has the skill" in blocked["data"].why
