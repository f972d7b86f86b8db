"""`delivery service` shows the unit and asks before it installs it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from delivery.commands.service import ServiceResult
from tests.delivery.cli.conftest import CommandLine

DONE = ServiceResult(Path("/etc/a.service"), "[Unit]\n", True, True, True, "active", ("mind it",))
ABSENT = replace(DONE, installed=False, current=False, enabled=False, active="inactive")


def test_the_unit_is_shown_and_nothing_done_without_a_yes(delivery: CommandLine) -> None:
    delivery.returns("service.service", ABSENT)
    installed = delivery.returns("service.install", DONE)
    run = delivery("service", "install")
    assert "/etc/a.service:\n\n[Unit]" in run.stdout
    assert run.exit_code != 0
    assert "[Unit]" in delivery("service", "install", "--dry-run").stdout
    assert installed == []
    assert "as it must be; active, enabled" in delivery("service", "install", "--yes").stdout
    assert installed == [({"user": False},)]


def test_where_all_is_done_nothing_is_asked(delivery: CommandLine) -> None:
    delivery.returns("service.service", DONE)
    delivery.returns("service.install", DONE)
    run = delivery("service", "install", "--user")
    assert (run.exit_code, run.stdout.splitlines()) == (
        0,
        ["/etc/a.service: as it must be; active, enabled", "note: mind it"],
    )


def test_its_state_is_a_line(delivery: CommandLine) -> None:
    delivery.returns("service.service", ABSENT)
    assert "a.service: not there; inactive" in delivery("service", "status").stdout
    delivery.returns("service.service", replace(DONE, current=False))
    assert "not as `delivery service" in delivery("service", "status").stdout
    delivery.returns("service.uninstall", ABSENT)
    assert "not there" in delivery("service", "uninstall").stdout
    assert delivery.json("service", "status")["active"] == "active"


def test_root_leaves_nothing_in_the_checkout_of_another(delivery: CommandLine) -> None:
    """Called by sudo, it would make folders there that the unit's user cannot write."""
    delivery.returns("service.service", DONE)
    delivery.returns("service.install", DONE)
    delivery("service", "install")
    delivery("service", "status")
    assert not (delivery.origin.path / ".delivery").exists()
