"""`delivery report` prints a path and nothing else."""

from __future__ import annotations

from delivery.errors import InputError
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE


def test_the_path_can_be_passed_on(delivery: CommandLine) -> None:
    file = delivery.origin.path / ".delivery" / "reports" / ONE / "report.html"
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert delivery("report").stdout == f"{file}\n"
    assert delivery.json("report", ONE) == {"report": str(file)}
    assert isinstance(delivery("report", "r-222222222222").exception, InputError)
