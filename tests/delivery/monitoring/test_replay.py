"""Logged rows are asked again as they were sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.bento.bento import Bento
from delivery.bento.temporary import Servers
from delivery.errors import HeldError
from delivery.monitoring import replay as module
from delivery.monitoring.log import read
from delivery.monitoring.replay import replay
from serving.contract import Contract
from tests.delivery.bentos import shared_bench
from tests.delivery.monitoring.logged import CONTRACT, changed, log
from tests.delivery.monitoring.observed import write_watched_model
from tests.serving.tiny import WEIGHTS, tiny_frame, tiny_instances, tiny_scores

OPEN = CONTRACT.model_copy(update={"inputs": CONTRACT.inputs[:3]})


class Lent:
    """Lends no server."""

    def url(self, bento: Bento) -> str:
        return f"http://{bento.id}"


def bento(contract: Contract) -> Bento:
    made = Bento("r-1", Path("/nowhere"))
    vars(made)["contract"] = contract
    return made


def test_rows_are_sent_as_the_contract_types_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def score_rows(url: str, rows: list[dict[str, Any]], *, name: str) -> np.ndarray:
        assert (url, name) == ("http://r-1", "logged row")
        sent.extend(rows)
        return np.full(len(rows), 0.5)

    monkeypatch.setattr(module, "score_rows", score_rows)
    made = changed(log(1, a_day=4), 0.5, inputs={"heat": np.nan, "carrier": None})
    assert replay(Lent(), bento(OPEN), made.rows).tolist() == [0.5] * 4
    assert [type(value) for value in sent[0].values()] == [float, int, str]
    assert (sent[3]["heat"], sent[3]["carrier"]) == (None, None)
    assert list(sent[0]) == ["heat", "count", "carrier"]


def test_what_is_hidden_in_the_log_cannot_be_asked_again() -> None:
    with pytest.raises(HeldError, match="sealed is sensitive"):
        replay(Lent(), bento(CONTRACT), log(1).rows)


def test_an_input_that_the_log_lacks_is_named() -> None:
    other = OPEN.inputs[0].model_copy(update={"name": "wind"})
    contract = OPEN.model_copy(update={"inputs": (*OPEN.inputs, other)})
    with pytest.raises(HeldError, match="r-1 asks for wind"):
        replay(Lent(), bento(contract), log(1).rows)


def test_a_real_bento_answers_what_was_logged(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """From lines of a log to the scores of the model, missing values among them."""
    bench = shared_bench(tmp_path_factory)
    subject = bench.bento("watched", write_watched_model)
    frame = tiny_frame(40, seed=3)
    frame.loc[0, "wind"] = np.nan
    instances = tiny_instances(frame)
    lines = [
        {
            "release": "r-0", "request_id": f"q-{number}", "time": "2024-10-04T00:00:00+00:00",
            "features": {name: [value] for name, value in row.items()}, "score": [0.5],
        }
        for number, row in enumerate(instances)
    ]  # fmt: skip
    (tmp_path / "predictions-1.jsonl").write_text(
        "".join(json.dumps(each) + "\n" for each in lines)
    )
    rows = read(str(tmp_path), subject.contract, 0).rows
    with Servers(bench.workspace, lambda _: None) as servers:
        scores = replay(servers, subject, rows)
    np.testing.assert_allclose(scores, tiny_scores(frame, WEIGHTS, "binary"), atol=1e-5)


def test_no_rows_need_no_server() -> None:
    class Never:
        def url(self, _: Bento) -> str:
            raise AssertionError

    assert len(replay(Never(), bento(OPEN), log(1).rows.between(0, 0))) == 0
