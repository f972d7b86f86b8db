"""A rollout is shown while a command carries it out, and no longer."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from delivery.demo import rollout as module
from delivery.demo.rollout import shown
from delivery.demo.stage import DemoError, Stage
from tests.delivery.demo.test_acts import stage
from tests.delivery.report.test_picture import CANARY, SHADOW
from tests.delivery.running import eventually


class Screen:
    """What is printed while a rollout is seen as `rows`, one after the other, then none."""

    def __init__(self, patch: pytest.MonkeyPatch, rows: list[Any], *, terminal: bool) -> None:
        self.looks, self._rows, self._out = 0, rows, io.StringIO()
        console = Console(file=self._out, force_terminal=terminal, width=160, highlight=False)
        patch.setattr(module, "CONSOLE", console)
        patch.setattr(module, "PAUSE", 0.001)
        patch.setattr(Stage, "ask", lambda *_: self._look())

    def _look(self) -> list[dict[str, Any]]:
        self.looks += 1
        row = self._rows.pop(0) if self._rows else None
        if isinstance(row, DemoError):
            raise row
        return [{"environment": "staging", "rollout": CANARY | {"share": 95}},
                {"environment": "production", "rollout": row}]  # fmt: skip

    def all_of(self, folder: Path) -> str:
        with shown(stage(folder), "production"):
            eventually(lambda: not self._rows and self.looks > 1)
        return self._out.getvalue()


def test_on_a_terminal_there_is_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Screen(monkeypatch, [None, SHADOW, CANARY], terminal=True).all_of(tmp_path)
    assert "\N{FULL BLOCK}" in said
    assert said.index("1,500 rows") < said.index("25% of the clients")
    assert "95%" not in said, "of another environment"


def test_elsewhere_each_change_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look that fails says nothing: the command has its own way to say so."""
    rows = [SHADOW, DemoError("busy"), SHADOW, CANARY, CANARY]
    said = Screen(monkeypatch, rows, terminal=False).all_of(tmp_path).splitlines()
    assert [row[:14] for row in said] == ["  production: "] * 2
    assert "1,500 rows" in said[0]
    assert "25% of the clients" in said[1]


def test_nobody_looks_any_more_when_the_command_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(monkeypatch, [CANARY], terminal=False)
    screen.all_of(tmp_path)
    looks = screen.looks
    time.sleep(0.05)
    assert screen.looks == looks
