"""Every gate that exists is proven to block, and explained."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from delivery.gates.supply_chain.signature import Signer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ASKED = ("Protects from", "Evidence", "Test", "Default", "Tune")


def gates() -> list[str]:
    """The modules that are a gate: they name it and judge."""
    found = []
    for file in sorted((ROOT / "delivery" / "gates").glob("*.py")):
        module = importlib.import_module(f"delivery.gates.{file.stem}")
        if hasattr(module, "GATE"):
            assert file.stem == module.GATE
            found.append(module.GATE)
    return found


def settings(module: ModuleType) -> set[str]:
    """The keys that a gate can be tuned by."""
    policy = Signer if module.__name__.endswith(".signature") else module.Policy
    return set(policy.model_fields)


def section(gate: str) -> str:
    text = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return next((part for part in parts if part.splitlines()[0].split()[0] == gate), "")


@dataclass(frozen=True)
class Row:
    """One line of the table at the end of docs/gates.md."""

    gate: str
    test: str
    file: Path | None  # None: one of tests/negative


def rows() -> list[Row]:
    lines = re.findall(r"^\| .+ \| (.+) \| (.+) \|$", section("What"), re.MULTILINE)[1:]
    found = []
    for gate, shown in lines:
        *file, test = re.findall(r"`([^`]+)`", shown)
        found.append(Row(gate, test, ROOT / file[0] if file else None))
    return found


def written_in(files: Iterable[Path]) -> set[str]:
    texts = [file.read_text(encoding="utf-8") for file in files]
    return {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


def test_there_are_gates() -> None:
    assert {"champion", "signature", "artefact"} <= set(gates())


@pytest.mark.parametrize("gate", gates())
def test_every_gate_has_a_negative_control(gate: str) -> None:
    """By name: `test_…_by_<gate>`, or `…_by_the_<gate>_gate`."""
    pattern = re.compile(rf"^def test_\w+_by_(the_)?{gate}(_gate|\b)", re.MULTILINE)
    files = HERE.glob("test_*.py")
    assert any(pattern.search(file.read_text(encoding="utf-8")) for file in files)


@pytest.mark.parametrize("gate", gates())
def test_every_gate_has_a_section_that_says_all(gate: str) -> None:
    text = section(gate)
    assert [word for word in ASKED if f"**{word}.**" not in text] == []


@pytest.mark.parametrize("gate", gates())
def test_every_setting_of_a_gate_is_explained(gate: str) -> None:
    module = importlib.import_module(f"delivery.gates.{gate}")
    assert {name for name in settings(module) if f"`{name}" not in section(gate)} == set()


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
    names = set(gates())
    assert set(table.values()) - names == {"the store", "the command line"}
    assert names - set(table.values()) == set()
    for test in written_in(HERE.glob("test_*.py")):
        named = re.search(r"_by_(?:the_)?(\w+?)(?:_gate)?$", test)
        if named and named[1] in names:
            assert table.get(test) == named[1], f"docs/gates.md, the table at its end, lacks {test}"
