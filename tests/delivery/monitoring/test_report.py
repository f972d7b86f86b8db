"""What people read: alarms first, plots, and nothing that would run."""

from __future__ import annotations

import json
import re
from pathlib import Path

from delivery.monitoring.judges.finding import Finding
from delivery.monitoring.observation import Observation
from delivery.monitoring.report import Monitored, html, markdown, sentence, write
from tests.delivery.monitoring.logged import START

CHART = {
    "days": [0.0, 86_400.0], "differences": [0.01, -0.02], "chart": [0.0, 0.1], "limit": 0.3,
    "noise": 0.02,
}  # fmt: skip
FINDINGS = (
    Finding("errors", "pass", "0 of 9", "at most 1", "as promised"),
    Finding("labels", "no verdict", "9 rows", "80%", "100 rows are needed"),
    Finding("loss", "alarm", "+0.04", "no rise", "the release before | does better", CHART),
)
DAYS = {"day": [-1.0, 0.0], "rows": [3.0, 4.0], "score": [0.5, None], "label": [None, None]}
FOUND = Monitored(
    "production", "r-1", "r-0", START, 1_234,
    Observation(FINDINGS, {"<heat>": 0.51}, DAYS, ("a note",)),
)  # fmt: skip


def test_a_sentence_says_what_to_look_at() -> None:
    assert sentence(FINDINGS) == "Look at loss. 1 of 3 have too little to judge by."
    assert sentence(FINDINGS[:1]) == "Nothing alarms."


def test_alarms_come_first_and_cells_stay_cells() -> None:
    text = markdown(FOUND)
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[1] for row in rows] == ["alarm", "no verdict", "pass"]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
    assert "about r-1 and 1,234 logged rows" in text
    assert "a note." in text


def test_the_page_has_plots_and_escapes_names() -> None:
    page = html(FOUND)
    assert page.count("<svg") == 4
    assert "&lt;heat&gt;" in page
    assert "<heat>" not in page
    assert "<script" not in page
    assert page.index("loss") < page.index("errors")


def test_an_empty_log_has_a_page_too() -> None:
    empty: dict[str, list[float]] = {name: [] for name in DAYS}
    page = html(Monitored("production", "r-1", "", START, 0, Observation(FINDINGS[:2], {}, empty)))
    assert "<svg" not in page


def test_four_files_are_written(tmp_path: Path) -> None:
    page = write(FOUND, tmp_path / "new")
    content = json.loads((page.parent / "monitor.json").read_text())
    assert content["until"] == "2024-10-04T00:00+00:00"
    assert [Finding(**each) for each in content["findings"]] == list(FOUND.findings)
    assert {file.name for file in page.parent.iterdir()} == {
        "monitor.html", "monitor.json", "monitor.md", "monitor.prom",
    }  # fmt: skip
