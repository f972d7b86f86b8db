"""What a tool found about files is found again without the tool, as long as nothing changed."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess
from types import ModuleType

import pytest

from delivery.cache import Cache
from delivery.errors import InputError
from delivery.scanners import code, secrets
from delivery.scanners.finding import asked_of, by_path, run
from tests.delivery.scanners.conftest import put
from tests.delivery.test_cache import Tool

KEY = "AKIA" + "QYLPMN5HHHFPZAM2"  # in two parts, or this file would be found itself
SHELL = "import subprocess\ndef f(x):\n    subprocess.run(x, shell=True)\n"


@pytest.mark.parametrize("change", ["content", "name", "options", "nothing"])
def test_an_answer_is_about_names_bytes_and_settings(tmp_path: Path, change: str) -> None:
    cache, tool = Cache(tmp_path / "cache"), Tool()
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1\n")
    cache.recall(asked_of("bandit", tmp_path, ["a.py"], "-q"), tool)
    if change == "content":
        (tmp_path / "a.py").write_text("x = 2\n")
    name = "b.py" if change == "name" else "a.py"
    option = "-v" if change == "options" else "-q"
    cache.recall(asked_of("bandit", tmp_path, [name], option), tool)
    assert tool.asked == (1 if change == "nothing" else 2)


def test_what_was_found_is_found_again_without_the_tool(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    key = "AKIA" + "QYLPMN5HHHFPZAM2"
    put(
        root,
        "model/fit.py",
        f'import subprocess\ndef f(x):\n    subprocess.run(x, shell=True)\nKEY = "{key}"\n',
    )
    first = code.scan(root, cache), secrets.scan(root, cache)
    monkeypatch.setattr(code, "run", None)
    monkeypatch.setattr(secrets, "run", None)
    assert (code.scan(root, cache), secrets.scan(root, cache)) == first
    assert [scan.status for scan in first] == ["fail", "fail"]
    assert all(key not in note.read_text() for note in cache.folder.iterdir())  # type: ignore[union-attr]


@pytest.mark.parametrize("scanner", [code, secrets])
def test_only_a_file_that_changed_is_looked_at_again(
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    scanner: ModuleType,
) -> None:
    cache = Cache(tmp_path_factory.mktemp("memory"))
    for name in ("model/a.py", "model/b.py"):
        put(root, name, "x = 1\n")
    assert scanner.scan(root, cache).status == "pass"
    looked: list[str] = []

    def spied(root: Path, tool: str, *arguments: str) -> CompletedProcess[str]:
        looked.extend(name for name in arguments if name.endswith(".py"))
        return run(root, tool, *arguments)

    monkeypatch.setattr(scanner, "run", spied)
    put(root, "model/b.py", f'{SHELL}KEY = "{KEY}"\n')
    assert {found.path for found in scanner.scan(root, cache).findings} == {"model/b.py"}
    assert looked == ["model/b.py"]


def test_a_tool_that_speaks_of_another_file_is_no_pass() -> None:
    with pytest.raises(InputError, match=r"was not asked about 'b\.py'"):
        by_path("bandit", ["a.py"], [["B602", "b.py", 1, "shell"]])
