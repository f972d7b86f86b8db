"""The loop of the year, with commands that only say what they were asked."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from bench.year import loop
from bench.year.calendar import BEGIN, Day, Story
from bench.year.loop import Loop
from bench.year.state import STATE, State
from bench.year.traffic import Request, put_back
from delivery.demo.stage import DemoError
from serving.contract import Contract, Input, Output, Roles, render_contract

CONTRACT = Contract(
    name="flights", task="binary",
    inputs=(Input(name="temperature", dtype="float64", nullable=True),),
    outputs=(Output(name="score", dtype="float32"),),
    classes=("False", "True"), roles=Roles(label="late", row_id="id"),
)  # fmt: skip
A_DAY = 600
SINCE = Day("2013-05-21")


class Commands:
    """Stands for the checkout: remembers what was run, and exits as `exits` says."""

    def __init__(self, stage: Any, exits: dict[str, int]) -> None:
        self.stage, self.exits = stage, exits
        self.ran: list[str] = []
        self.pulls: list[dict[str, Any]] = []

    def lay_out(self, _: object) -> None:
        (self.stage.clone / "artifacts" / "model").mkdir(parents=True)
        contract = self.stage.clone / "artifacts" / "model" / "contract.json"
        contract.write_text(render_contract(CONTRACT))

    def ask(self, *command: str) -> Any:
        self.ran.append(" ".join(command[:1]))
        if command[0] == "retrain":
            self.pulls.append({"number": 1, "head": "retrain/x"})
            return {"unchanged": False}
        if command[0] == "status":
            return [{"url": "http://127.0.0.1:1", "wanted": "r-1"}]
        assert command[0] == "monitor"
        return {"findings": [], "decision": {"why": "nothing"}, "outcome": "", "pull": None}

    def run(self, *command: str, allowed: tuple[int, ...] = (0,)) -> int:
        if command[0] == "delivery":
            self.ran.append(" ".join(command[1:3]))
        code = self.exits.get(command[1], 0)
        assert code in allowed
        if command[1:3] in (("pr", "merge"), ("pr", "close")):
            self.pulls.clear()
        return code

    def open(self, prefix: str) -> list[dict[str, Any]]:
        return [pull for pull in self.pulls if pull["head"].startswith(prefix)]

    def merge_promotions(self) -> None:
        self.ran.append("merge promotions")

    def blocking(self) -> list[dict[str, str]]:
        return [
            {"gate": "champion", "status": "hold", "measured": "+3%", "required": "2%", "why": ""}
        ]

    def clean(self) -> None: ...


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    random = np.random.default_rng(1)
    when = pd.date_range("2013-03-01", "2013-07-01", periods=122 * A_DAY + 1, inclusive="left")
    return pd.DataFrame(
        {
            "scheduled": when,
            "temperature": random.normal(60, 5, len(when)),
            "late": random.uniform(size=len(when)) < 0.3,
        }
    )


def played(
    folder: Path, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, story: Story,
    exits: dict[str, int] | None = None,
) -> tuple[Loop, Commands]:  # fmt: skip
    """A loop whose requests are answered on the spot."""

    def send(self: Loop, late: list[Request], week: list[Request], _: threading.Event) -> None:
        predictions = self.stage.clone / ".delivery" / "targets" / "production" / "predictions"
        predictions.mkdir(parents=True, exist_ok=True)
        with (predictions / "predictions-1.jsonl").open("ab") as file:
            for each in week:
                values = [row["temperature"] for row in each.instances]
                line = {"release": "r-1", "request_id": each.id, "time": ""}
                line |= {"features": {"temperature": values}, "score": [0.3] * len(values)}
                file.write(orjson.dumps(line) + b"\n")
        self._sent = len(week), 0, 0

    monkeypatch.setattr(Loop, "_send", send)
    monkeypatch.setattr(loop, "take_down", lambda _: None)
    stage: Any = SimpleNamespace(folder=folder, clone=folder / "checkout")
    made = Loop(stage, story, rows)
    commands: Any = Commands(stage, exits or {})
    made.checkout = commands
    return made, commands


def kinds(state: State) -> list[str]:
    return [event["kind"] for event in state.events]


def test_a_retrain_that_passes_is_merged_released_and_rolled_out(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, commands = played(tmp_path, rows, monkeypatch, Story("year", end=Day("2013-04-15")))
    state = made.play({}, 12)
    assert commands.ran[:9] == [
        "retrain", "gate", "pr merge", "release", "merge promotions", "deploy staging",
        "merge promotions", "deploy production", "status",
    ]  # fmt: skip
    assert commands.ran[9:] == ["monitor", "monitor"]
    assert [kind for kind in kinds(state) if kind != "alarm"] == [
        "retrain", "gate", "release", "look", "look",
    ]  # fmt: skip
    assert (state.phase, state.releases, state.done[:10]) == ("", 1, "2013-04-15")
    assert state.requests == 13 * 24


def test_a_retrain_that_does_not_pass_is_closed_and_nothing_is_released(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story("year", end=Day("2013-04-08"))
    made, commands = played(tmp_path, rows, monkeypatch, story, {"gate": 4})
    state = made.play({}, 12)
    assert commands.ran == ["retrain", "gate", "pr close", "monitor"]
    [gate] = [event for event in state.events if event["kind"] == "gate"]
    assert not gate["passed"]
    assert gate["blocking"][0]["gate"] == "champion"


def test_a_week_waits_for_the_log_which_is_written_a_little_later(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def late(predictions: Path, ids: set[str], out: Path) -> int:
        """One line is missing at first."""
        looked.append(put_back(predictions, ids, out))
        return looked[-1] - (len(looked) == 1)

    monkeypatch.setattr(loop, "put_back", late)
    monkeypatch.setattr(loop, "PAUSE", 0.0)
    made, _ = played(tmp_path, rows, monkeypatch, Story("year", end=Day("2013-04-08")))
    assert made.play({}, 12).done[:10] == "2013-04-08"
    assert looked == [6 * 24] * 2

    monkeypatch.setattr(loop, "put_back", lambda *_: 6 * 24 - 1)
    monkeypatch.setattr(loop, "LOGGED", 0.0)
    made, _ = played(tmp_path / "lost", rows, monkeypatch, Story("year", end=Day("2013-04-08")))
    with pytest.raises(DemoError, match="the log has 143 of 144 requests of 02 April"):
        made.play({}, 12)


@pytest.mark.parametrize(
    ("phase", "first"),
    [("proposed", "gate"), ("merged", "release"), ("staging", "merge promotions"),
     ("production", "deploy production")],
)  # fmt: skip
def test_a_run_that_was_killed_goes_on_where_it_was(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str, first: str
) -> None:
    made, commands = played(tmp_path, rows, monkeypatch, Story("year", end=Day("2013-04-08")))
    commands.lay_out({})
    (tmp_path / "log").mkdir()
    commands.pulls.append({"number": 1, "head": "retrain/x"})
    seen = {"day": "2013-04-08", "kind": "look", "decision": "", "outcome": "", "proposed": False}
    made.state = State(tried=3, phase=phase, events=[seen])
    made.state.save(tmp_path / STATE)
    made._arrive(BEGIN)
    state = made.play({}, 12)
    assert commands.ran[0] == first
    assert commands.ran[-3:] == ["deploy production", "status", "monitor"]
    assert kinds(state).count("look") == 1


def test_a_week_that_was_killed_is_counted_once(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        made._save()
        raise KeyboardInterrupt

    made, _ = played(tmp_path, rows, monkeypatch, Story("year", end=Day("2013-04-08")))
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_look", killed)
        with pytest.raises(KeyboardInterrupt):
            made.play({}, 12)
    again, _ = played(tmp_path, rows, monkeypatch, Story("year", end=Day("2013-04-08")))
    assert again.play({}, 12).requests == 6 * 24


def test_production_is_started_before_the_next_week_is_sent(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a run has stopped it, and `delivery up` leaves alone what was stopped."""
    made, commands = played(tmp_path, rows, monkeypatch, Story("year", end=Day("2013-05-13")))
    made.play({}, 1)
    commands.ran.clear()
    made.play({}, 2)
    assert commands.ran[0] == "deploy production"


def test_a_unit_is_noticed_mended_and_kept_out_of_training(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noticed on the second morning; the rows until it is mended never reach a model."""
    story = Story("unit", end=Day("2013-06-10"), column="temperature", since=SINCE)
    made, _ = played(tmp_path, rows, monkeypatch, story)
    state = made.play({}, 12)
    true = [event for event in state.events if event["kind"] == "alarm" and event["true"]]
    assert [(each["day"], each["judge"]) for each in true] == [("2013-05-23", "units")]
    assert state.sound_from == Day("2013-05-30")
    assert state.learned == 0
    used = pd.read_parquet(tmp_path / "arrived.parquet")
    assert not used["scheduled"].between(SINCE, state.sound_from, inclusive="left").any()
    assert used["temperature"].min() > 32


def test_nothing_is_learned_while_a_fault_is_known(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, commands = played(tmp_path, rows, monkeypatch, Story("year", end=Day("2013-04-08")))
    made.state.mended = "2013-04-20"
    state = made.play({}, 12)
    assert "retrain" not in commands.ran
    assert kinds(state)[0] == "held back"
