"""Each decision in docs/adr/ says what, when and why in one form, and its index finds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.checkout import ROOT

FOLDER = ROOT / "docs" / "adr"
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
SECTIONS = ["Context", "Decision", "Consequences"]
STATUS = re.compile(r"accepted|superseded by \[ADR \d+\]\((\d{4}-[a-z0-9-]+\.md)\)")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_has_title_status_date_and_three_sections(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    title, status, date = text.split("\n\n")[:3]
    assert re.fullmatch(rf"# {int(record.name[:4])}\. \S.{{10,}}", title)
    assert re.fullmatch(r"Date: \d{4}-\d{2}-\d{2}", date)
    known = STATUS.fullmatch(status.removeprefix("Status: "))
    assert known
    if known[1]:
        assert (FOLDER / known[1]).is_file()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    for section in text.split("\n## ")[1:]:
        assert section.partition("\n")[2].strip(), f"{section} is empty"


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_stands_in_the_index_behind_one_question(record: Path) -> None:
    number = int(record.name[:4])
    line = rf"^\| Why .+\? \| \[ADR {number}\]\({re.escape(record.name)}\) \|$"
    assert len(re.findall(line, INDEX, re.MULTILINE)) == 1


def test_the_index_names_no_decision_that_is_not_there() -> None:
    assert set(re.findall(r"\]\((\d{4}-[^)]+)\)", INDEX)) == {record.name for record in RECORDS}


def test_numbers_are_consecutive() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))
