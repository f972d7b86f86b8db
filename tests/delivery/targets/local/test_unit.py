"""The unit that keeps a checkout running: systemd accepts it, and it may write what it must."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.targets.local.unit import Supervisor

SUPERVISOR = Supervisor(
    Path("/srv/flights"), Path("/srv/flights/.venv/bin/delivery"), {}, "ada", [Path("/srv/flights")]
)


def lines(supervisor: Supervisor) -> list[str]:
    return supervisor.unit().splitlines()


def test_it_runs_up_as_the_owner_and_leaves_alone_what_it_started() -> None:
    shown = lines(SUPERVISOR)
    for line in (
        "ExecStart=/srv/flights/.venv/bin/delivery up",
        "WorkingDirectory=/srv/flights",
        "User=ada",
        "KillMode=process",
        "Restart=always",
        "WantedBy=multi-user.target",
        "ReadWritePaths=-/srv/flights",
    ):
        assert line in shown


def test_a_users_own_has_what_his_manager_can_do() -> None:
    """It may mount nothing and has no capabilities to drop."""
    shown = lines(replace(SUPERVISOR, owner=None))
    assert "WantedBy=default.target" in shown
    assert "NoNewPrivileges=yes" in shown
    assert not [line for line in shown if line.startswith(("User", "Protect", "Capab", "ReadWr"))]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not there")
@pytest.mark.parametrize("owner", ["root", None])
def test_systemd_accepts_it_whatever_the_path(tmp_path: Path, owner: str | None) -> None:
    folder = tmp_path / "a 50% of it"
    folder.mkdir()
    command = folder / "delivery"
    command.touch(mode=0o755)
    supervisor = Supervisor(folder, command, {"XDG_DATA_HOME": str(folder)}, owner, [folder])
    file = tmp_path / "delivery.service"
    file.write_text(supervisor.unit())
    manager = ["--user"] if owner is None else []
    checked = subprocess.run(
        ["systemd-analyze", *manager, "verify", str(file)],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    about = [line for line in checked.stderr.splitlines() if "delivery.service" in line]
    assert (checked.returncode, about) == (0, [])
