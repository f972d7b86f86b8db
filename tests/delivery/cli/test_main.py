"""`delivery --help` has every command in one section; each is a file here and in commands/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from delivery.cli.main import SECTIONS, cli
from tests.delivery.cli.conftest import CommandLine
from tests.origin import Origin

DELIVERY = Path(__file__).resolve().parents[3] / "delivery"
NAMES = [name for names in SECTIONS.values() for name in names]
ROOT = DELIVERY.parent
HEAVY = {
    "anyio", "bandit", "bentoml", "detect_secrets", "dvc", "fsspec", "gevent", "jinja2", "lightgbm",
    "locust", "matplotlib", "mlflow", "onnx", "onnxruntime", "opentelemetry", "pandas",
    "prometheus_client", "pyarrow", "scipy", "sklearn", "starlette", "uvicorn",
}  # fmt: skip
# Prints what a command has imported when it ended, as a checkout that holds no code runs it.
IMPORTED = """\
import sys
from delivery.cli import main, options
options.require_own_checkout = lambda _: None
sys.argv[0] = "delivery"
code = main.main()
print("\\0", *sys.modules)
sys.exit(code)
"""
SHARED = {"installed", "main", "options", "render"}  # of cli/: no commands
PARTS = {"github_app", "inspect_batch"}  # of commands/: what a group has in a file of its own


def test_every_command_has_its_file_and_every_file_its_command() -> None:
    verbs = {path.stem for path in (DELIVERY / "commands").glob("[!_]*")} - PARTS
    options = {path.stem for path in (DELIVERY / "cli").glob("[!_]*.py")}
    assert verbs == set(cli.list_commands(click.Context(cli))) == set(NAMES)
    assert options == set(NAMES) | SHARED
    assert len(NAMES) == len(set(NAMES)), "each stands in one section"


@pytest.mark.parametrize("name", NAMES)
def test_the_file_of_a_command_has_its_function(name: str) -> None:
    """A group, and doctor with its parts, has several."""
    file = DELIVERY / "commands" / f"{name}.py"
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
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


def imported(origin: Origin, *arguments: str) -> set[str]:
    """The modules that a command has imported when it ended."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], cwd=origin.path, check=True,
        capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return set(done.stdout.partition("\0")[2].split())


def test_help_imports_no_library_but_click(origin: Origin) -> None:
    modules = imported(origin, "--help")
    assert modules & (HEAVY | {"cryptography", "httpx", "numpy", "pydantic", "rich"}) == set()
    assert not [name for name in modules if name.startswith("delivery.commands")]


def test_status_imports_nothing_that_it_does_not_use(origin: Origin) -> None:
    modules = imported(origin, "status")
    assert "delivery.commands.status" in modules
    assert modules & HEAVY == set()
    assert "delivery.deployment.rollouts.view" not in modules, "no rollout is under way"


@pytest.mark.parametrize(("typed", "meant"), [("promot", "promote"), ("histroy", "history")])
def test_a_slip_is_answered_with_what_was_meant(
    delivery: CommandLine, typed: str, meant: str
) -> None:
    done = delivery(typed, "production")
    assert done.exit_code == 2
    assert f"No such command '{typed}'. Did you mean '{meant}'?" in done.output


def test_a_command_that_is_not_there_is_named(delivery: CommandLine) -> None:
    done = delivery("statis")
    assert done.exit_code == 2
    assert "No such command 'statis'" in done.output
