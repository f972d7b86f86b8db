"""The page of the benchmark is made of its results, and its bars are judged as they are stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import page
from bench.bars import bars
from bench.contestants import (
    ASGI,
    BENTOML,
    KSERVE,
    LIMIT,
    MLFLOW,
    PROTOCOL,
    SERVICE,
    UNCOUNTED,
    split,
)
from bench.generator import Shot
from bench.results import Cell, Plan, Results, Server, read
from bench.serving import KEPT

RATES = {
    SERVICE: 850.0,
    LIMIT: 1000.0,
    ASGI: 1300.0,
    PROTOCOL: 1800.0,
    KSERVE: 400.0,
    BENTOML: 80.0,
    MLFLOW: 30.0,
}
PARTS = ("decode", "score", "answer", "count", "log", "whole")


def shot(rate: float, p99: float = 2.0) -> Shot:
    return Shot(rate, p50=1.0, p99=p99, worst=3.0, failed=0, generator=0.2)


def results(rounds: int = 3) -> Results:
    """Every ratio that a bar looks at is exactly the bar's where it is one of requests."""
    cells = [Cell(8, 1), Cell(8, 1000)]
    found = Results("2026-11-24", {"processor": "one"}, {"wrk": "4"}, Plan(cells, rounds, 1, 1))
    for name, rate in {**RATES, UNCOUNTED: 510.0}.items():
        server = Server(name, f"server {name}", starts=[1.0], megabytes=200.0)
        server.shots = {cell: [shot(rate) for _ in range(rounds)] for cell in cells}
        found.servers[name] = server
    limits = ("JSON", "columns", "score", "answer")
    parts = dict.fromkeys(PARTS, 1.0) | {f"limit: {part}": 1.0 for part in limits}
    found.parts = {"1": parts, "1000": parts}
    return found


def test_the_same_results_give_the_same_page_after_they_were_kept(tmp_path: Path) -> None:
    first = results()
    file = tmp_path / "results.json"
    file.write_text(first.to_json())
    again = read(file)
    assert again == first
    page.write(again, tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == page.render(first)
    drawn = (tmp_path / "page.svg").read_bytes()
    page.write(first, tmp_path / "page.md")
    assert (tmp_path / "page.svg").read_bytes() == drawn


def test_a_ratio_is_that_of_shots_that_lie_side_by_side() -> None:
    """A machine that is twice as slow in one round changes no ratio."""
    found = results()
    for server in found.servers.values():
        rate = RATES.get(server.name, 510.0)
        server.shots[Cell(8, 1)] = [shot(rate), shot(rate / 2), shot(rate)]
    assert found.ratio(Cell(8, 1), SERVICE, LIMIT) == 0.85


@pytest.mark.parametrize(("rate", "met"), [(799.0, False), (800.0, True), (801.0, True)])
def test_a_bar_is_met_where_the_worst_round_meets_it(rate: float, met: bool) -> None:
    found = results()
    found.servers[SERVICE].shots[Cell(8, 1)] = [shot(900), shot(rate), shot(1000)]
    assert next(bars(found)).met is met


def test_bars_beside_whoever_was_not_there_are_left_out() -> None:
    """Results of before have fewer servers."""
    found = results()
    del found.servers[PROTOCOL]
    assert len(list(bars(found))) == len(list(bars(results()))) - 1


@pytest.mark.parametrize(("p99", "met"), [(5.9, True), (6.0, True), (6.1, False)])
def test_a_bar_that_is_a_most_is_met_up_to_it(p99: float, met: bool) -> None:
    found = results()
    found.servers[SERVICE].shots[Cell(8, 1)] = [shot(500.0, p99)] * 3
    [bar] = [bar for bar in bars(found) if bar.text.startswith("p99")]
    assert bar.met is met


def test_a_bar_that_is_not_met_is_said_on_the_page() -> None:
    found = results()
    assert "**not met**" not in page.render(found)
    found.servers[SERVICE].starts = [1.0, 2.1]
    assert page.render(found).count("**not met**") == 1


def test_mlflow_is_sent_the_same_rows() -> None:
    rows = [{"a": 1, "b": "x"}, {"b": "y", "a": 2}]
    frame = split(rows)["dataframe_split"]
    assert [dict(zip(frame["columns"], line, strict=True)) for line in frame["data"]] == rows


def test_the_page_in_the_docs_is_that_of_the_results_beside_it() -> None:
    assert KEPT.with_suffix(".md").read_text(encoding="utf-8") == page.render(read(KEPT))
