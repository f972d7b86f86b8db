"""Results become JSON types, and tables whose ids can be copied."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from delivery.cli.render import ok_text, plain, pull_line, show, state_text, table
from tests.delivery.cli.shown import PULL


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    values: tuple[int, ...]


@dataclass(frozen=True)
class Own:
    def to_json(self) -> dict[str, Any]:
        return {"inner": Inner((1, 2))}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Inner((1, 2)), {"values": [1, 2]}),
        (Own(), {"inner": {"values": [1, 2]}}),
        (Colour.RED, "red"),
        (Path("a/b"), "a/b"),
        ({1: [Inner(())]}, {"1": [{"values": []}]}),
        (None, None),
    ],
)
def test_any_result_becomes_json_types(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_a_result_is_shown_as_json_or_as_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show(Inner((1,)), True, "a line")
    assert capsys.readouterr().out == '{\n "values": [\n  1\n ]\n}\n'
    show(Inner((1,)), False, "a [bold]line", "another")
    assert capsys.readouterr().out == "a [bold]line\nanother\n"


def test_only_the_last_column_of_a_table_folds(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=40).print(table(("id", "why"), [("r-111111111111", "because " * 10)]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("r-111111111111 ")
    assert len(lines) > 3


@pytest.mark.parametrize(("state", "style"), [("verified", "green"), ("merged", "yellow")])
def test_states_have_their_colours(state: str, style: str) -> None:
    assert state_text(state).style == style


def test_marks_and_pull_requests_are_one_word_and_one_line() -> None:
    assert (ok_text(True).plain, ok_text(False).plain) == ("ok", "no")
    assert pull_line(PULL) == "pull request #7 open: A title"
    assert pull_line(None, "nothing to propose") == "nothing to propose"
