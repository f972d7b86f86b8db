"""`delivery --help` has every command in one section; each is a file here and in commands/."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from delivery.cli.main import SECTIONS, cli
from tests.delivery.cli.conftest import CommandLine

DELIVERY = Path(__file__).resolve().parents[3] / "delivery"
NAMES = [name for names in SECTIONS.values() for name in names]
SHARED = {"installed", "main", "options", "render"}  # of cli/: no commands


def test_every_command_has_its_file_and_every_file_its_command() -> None:
    verbs = {path.stem for path in (DELIVERY / "commands").glob("[!_]*") if path.stem}
    options = {path.stem for path in (DELIVERY / "cli").glob("[!_]*.py")}
    assert verbs == set(cli.commands) == set(NAMES)
    assert options == set(NAMES) | SHARED
    assert len(NAMES) == len(set(NAMES)), "each stands in one section"


@pytest.mark.parametrize("name", NAMES)
def test_the_file_of_a_command_has_its_function(name: str) -> None:
    """A group, and doctor with its parts, has several."""
    file = DELIVERY / "commands" / f"{name}.py"
    command = cli.commands[name]
    assert command.name == name
    if isinstance(command, click.Group) or not file.exists():
        return
    if name != "retrain":  # several steps, chosen by options
        assert f"def {name}(" in file.read_text(encoding="utf-8")


def test_the_help_lists_commands_by_section_and_says_all_of_it(delivery: CommandLine) -> None:
    text = delivery("--help").stdout.partition("Options:")[2]
    places = [text.index(f"{title}:") for title in SECTIONS]
    assert places == sorted(places)
    assert "..." not in text
    for name in NAMES:
        assert f"  {name} " in text


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(delivery: CommandLine, name: str) -> None:
    assert delivery(name, "-h").exit_code == 0
