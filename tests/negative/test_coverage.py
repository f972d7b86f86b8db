"""Every gate that exists is proven to block, and explained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.gates.registry import GATES, Gate
from delivery.trust.signers import Signer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PARTS = ("Protects from", "Evidence", "Test", "Default", "Tune")
each_gate = pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)


def sections() -> Iterator[tuple[str, str]]:
    """Heading and text of every section of docs/gates/."""
    for page in sorted((ROOT / "docs" / "gates").glob("*.md")):
        for part in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, _, text = part.partition("\n")
            yield title.strip(), text


def section(gate: Gate) -> str:
    texts = [text for title, text in sections() if title == gate.name]
    assert len(texts) == 1, f"docs/gates/ must have one section `## {gate.name}`"
    return texts[0]


def settings(gate: Gate) -> set[str]:
    """The keys that a gate can be tuned by."""
    policy = Signer if gate.name == "signature" else gate.policy
    return set(policy.model_fields)


@dataclass(frozen=True)
class Row:
    """One negative control as docs/gates/ names it: in the section of its gate, or with what
    stopped it."""

    gate: str
    test: str
    file: Path | None  # None: one of tests/negative


def rows() -> list[Row]:
    controls = []
    for title, text in sections():
        for line in re.findall(r"^\|.*`test_\w+` \|$", text, re.MULTILINE):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            *file, test = re.findall(r"`([^`]+)`", cells[-1])
            stopped_by = cells[1] if len(cells) == 3 else title
            controls.append(Row(stopped_by, test, ROOT / file[0] if file else None))
    return controls


def written_in(files: Iterable[Path]) -> set[str]:
    texts = [file.read_text(encoding="utf-8") for file in files]
    return {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


@each_gate
def test_every_gate_has_a_negative_control(gate: Gate) -> None:
    """By name: `test_…_by_<gate>`, or `…_by_the_<gate>_gate`."""
    pattern = re.compile(rf"^def test_\w+_by_(the_)?{gate.name}(_gate|\b)", re.MULTILINE)
    files = HERE.glob("test_*.py")
    assert any(pattern.search(file.read_text(encoding="utf-8")) for file in files)


@each_gate
def test_every_gate_has_a_section_that_says_all(gate: Gate) -> None:
    text = section(gate)
    assert [part for part in PARTS if f"**{part}.**" not in text] == []


@each_gate
def test_every_setting_of_a_gate_is_explained(gate: Gate) -> None:
    assert {name for name in settings(gate) if f"`{name}" not in section(gate)} == set()


def test_the_table_names_tests_that_are_there_and_each_once() -> None:
    here = written_in(HERE.glob("test_*.py"))
    table = rows()
    assert len(table) >= 30
    assert len({row.test for row in table}) == len(table)
    assert [
        row.test for row in table if row.test not in (written_in([row.file]) if row.file else here)
    ] == []


def test_the_table_has_every_gate_and_every_control_that_names_one() -> None:
    table = {row.test: row.gate for row in rows()}
    names = {gate.name for gate in GATES}
    assert set(table.values()) - names == {"the store", "the command line"}
    assert names - set(table.values()) == set()
    for test in written_in(HERE.glob("test_*.py")):
        named = re.search(r"_by_(?:the_)?(\w+?)(?:_gate)?$", test)
        if named and named[1] in names:
            assert table.get(test) == named[1], f"docs/gates/ lacks {test}"
