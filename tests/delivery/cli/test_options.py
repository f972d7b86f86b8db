"""An error of a command is one line on stderr and its exit code; progress is on stderr too."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from delivery.cli import options
from delivery.cli.options import context, exit_code, progress
from delivery.errors import DeliveryError, HeldError, InputError, RefusedError, StoreError
from serving.strict import DocumentError
from tests.delivery.cli.conftest import CommandLine


def command(error: BaseException | None) -> click.Command:
    def callback() -> None:
        if error is not None:
            raise error

    return click.Command("try", callback=callback)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (InputError("no such file"), 2),
        (DocumentError("contract.json: not JSON"), 2),
        (click.UsageError("no such option"), 2),
        (RefusedError("a gate"), 3),
        (HeldError("evidence is missing"), 4),
        (click.exceptions.Abort(), 4),
        (StoreError("bytes"), 5),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    delivery: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException | None,
    code: int,
) -> None:
    monkeypatch.setattr("sys.argv", ["delivery"])
    assert exit_code(command(error)) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    if isinstance(error, DeliveryError):
        assert shown.err.strip() == f"error: {error}"


def test_a_bug_keeps_its_trace(delivery: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["delivery"])
    with pytest.raises(ZeroDivisionError):
        exit_code(command(ZeroDivisionError()))


def test_a_full_disk_is_no_bug(
    delivery: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["delivery"])
    monkeypatch.setattr(options, "require_own_checkout", lambda _: None)
    assert exit_code(command(OSError(errno.ENOSPC, "No space left on device", "/a/b"))) == 5
    assert "'/a/b'. Make room and run the same command again" in capsys.readouterr().err
    with pytest.raises(PermissionError):
        exit_code(command(PermissionError(errno.EACCES, "Permission denied")))


def test_an_error_of_a_job_is_an_annotation_as_well(
    delivery: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery.origin.git("remote", "set-url", "origin", "https://github.com/acme/models")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr("sys.argv", ["delivery"])
    exit_code(command(InputError("a\nb")))
    assert capsys.readouterr().out == "::error title=delivery::a%0Ab\n"


def test_progress_is_no_part_of_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    progress("building [bold]r-1")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "· building [bold]r-1\n")


def test_the_checkout_is_found_from_below(
    delivery: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = delivery.origin.path / "infra" / "environments"
    monkeypatch.chdir(below)
    assert context().root == delivery.origin.path
    assert context().progress is options.progress


def test_a_command_lays_its_temporary_files_into_the_workspace(delivery: CommandLine) -> None:
    """Where the next command removes what a killed one left, and not in TMPDIR."""
    places: list[str] = []

    @click.command()
    def command() -> None:
        context()
        places.append(tempfile.gettempdir())

    before = tempfile.gettempdir()
    CliRunner().invoke(command)
    workspace = delivery.origin.path / ".delivery"
    assert [Path(place).parent for place in places] == [workspace / "tmp"]
    assert list((workspace / "tmp").iterdir()) == []
    assert tempfile.gettempdir() == before
