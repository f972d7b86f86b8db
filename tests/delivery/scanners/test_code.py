from __future__ import annotations

from pathlib import Path

import pytest

from delivery.scanners import code
from tests.checkout import ROOT
from tests.delivery.scanners.conftest import put

SHELL = "import subprocess\n\n\ndef f(x):\n    subprocess.run(x, shell=True){}\n"


def test_code_that_runs_what_it_is_given_is_found_at_its_line(root: Path) -> None:
    put(root, "model/fit.py", SHELL.format(""))
    scan = code.scan(root)
    assert scan.status == "fail"
    assert [(found.rule, found.path, found.line) for found in scan.findings] == [
        ("B602", "model/fit.py", 5)
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("model/fit.py", SHELL.format("  # nosec B602: the shell is the point")),
        ("tests/x.py", SHELL.format("")),
        ("model/fit.py", "assert True\n"),
    ],
)
def test_sound_code_passes(root: Path, name: str, text: str) -> None:
    put(root, name, text)
    assert code.scan(root).status == "pass"


def test_a_file_that_cannot_be_looked_at_is_no_pass(root: Path) -> None:
    put(root, "model/fit.py", "def f(:\n" + SHELL.format(""))
    scan = code.scan(root)
    assert scan.status == "fail"
    assert [(found.rule, found.path) for found in scan.findings] == [("unreadable", "model/fit.py")]


def test_our_own_code_passes() -> None:
    """What is found here stops every release."""
    assert code.scan(ROOT).findings == ()
