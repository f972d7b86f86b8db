"""`delivery doctor` shows a line for each check, and what is to be mended in its exit code."""

from __future__ import annotations

from delivery.commands.doctor.check import Check
from delivery.commands.doctor.local import DoctorResult
from delivery.errors import InputError
from tests.delivery.cli.conftest import CommandLine

GOOD, BAD = Check("git", True, "2.40"), Check("store", False, "no remote", "name one")


def test_a_healthy_checkout_exits_with_0(delivery: CommandLine) -> None:
    delivery.returns("doctor.local.doctor", DoctorResult((GOOD,)))
    run = delivery("doctor")
    assert run.exit_code == 0
    assert "ok" in run.stdout


def test_what_is_wrong_is_shown_with_its_cure(delivery: CommandLine) -> None:
    delivery.returns("doctor.local.doctor", DoctorResult((GOOD, BAD)))
    run = delivery("doctor")
    assert isinstance(run.exception, InputError)
    assert str(run.exception) == "1 to mend: store"
    assert "→ name one" in run.stdout
    assert [check["ok"] for check in delivery.json("doctor")] == [True, False]
