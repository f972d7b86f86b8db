"""What a judgement looks like in a terminal of 80 columns and 40 lines."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from delivery.gates.judgement import Judgement
from delivery.gates.registry import GATES
from delivery.gates.verdict import Status, Verdict
from delivery.report.terminal import table, verdict_table
from tests.delivery.report.judged import VERDICTS, judgement

LONG = "a figure and its bound [bold]of many words[/bold], " * 12


def shown(what: RenderableType, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(what)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def judged(doubted: int, status: Status) -> Judgement:
    """Every gate there is, with long texts; so many of them do not pass."""
    verdicts = tuple(
        Verdict(gate.name, status if place < doubted else "pass", LONG, LONG, LONG)
        for place, gate in enumerate(GATES)
    )
    return Judgement(verdicts, "r-40e9703c1afb", "r-9ac64b957553", {"judged": {}})


@pytest.mark.parametrize("doubted", [0, 1, 2, 5, len(GATES)])
@pytest.mark.parametrize("status", ["fail", "hold", "not checked"])
def test_any_judgement_fits_eighty_columns_and_forty_lines(doubted: int, status: Status) -> None:
    lines = shown(table(judged(doubted, status)))
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40 - 4  # the command's own lines
    for gate in GATES:
        assert sum(line.startswith(f"{gate.name} ") for line in lines) == 1


def test_what_does_not_pass_gives_its_reason_and_what_is_required() -> None:
    text = " ".join(shown(table(judgement({}))))
    assert "r-1 against r-2: refused" in text
    for part in ("champion fail", "log loss 0.7", "champion: worse", "Required: ≤ 1%", "no load"):
        assert part in " ".join(text.split())
    passed = Verdict("data", "pass", "measured", "required", "why")
    assert "why" not in " ".join(shown(verdict_table([passed])))


def test_gates_without_room_for_their_reason_are_counted() -> None:
    lines = shown(table(judged(len(GATES), "hold")))
    assert "more do not pass: --details" in lines[-1]


def test_details_are_all_of_all_gates() -> None:
    text = " ".join(shown(table(judgement({}), details=True), 200))
    for verdict in VERDICTS:
        for part in (verdict.gate, verdict.status, verdict.measured, verdict.required):
            assert part in text
    passed = Verdict("data", "pass", "measured", "required", "why")
    assert "why" in " ".join(shown(verdict_table([passed], details=True)))


@pytest.mark.parametrize("details", [True, False])
def test_the_name_of_a_gate_is_whole_however_narrow_the_terminal_is(details: bool) -> None:
    verdict = Verdict("reproducible_build", "pass", "m " * 40, "r", "w")
    lines = shown(verdict_table([verdict], details=details), 60)
    assert any("reproducible_build" in line for line in lines)


def test_an_override_shows_its_reason() -> None:
    text = " ".join(shown(verdict_table([replace(VERDICTS[0], override="an outage")]), 120))
    assert "fail, overridden" in text
    assert "Override: an outage" in text
