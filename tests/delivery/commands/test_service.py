"""`delivery service` hands `delivery up` to systemd, and environments come back after a reboot."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from delivery.commands.service import install, service, uninstall
from delivery.context import Context
from delivery.errors import InputError, TargetError
from delivery.processes import systemd
from delivery.settings.policy import PORT_OFFSET
from tests.box import Box, box, boxes_work
from tests.delivery.commands.test_up import kill_all
from tests.delivery.machine import Machine, machine
from tests.delivery.running import eventually
from tests.delivery.targets.local.clients import who
from tests.origin import ROOT, Origin

ONE, TWO = "r-111111111111", "r-222222222222"
# The command of a checkout whose bentos start at once. `program` would name the real one.
COMMAND = """#!{python}
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from delivery.bento import server
from delivery.cli import main, options, service, up
from delivery.commands import service as command
from tests.delivery.machine import Machine

checkout = Path({checkout!r})
server.environment = lambda *_: Path({fake!r})
command.program = lambda _: __file__
up.context = service.untouched = lambda: Machine(checkout, lambda line: print(line, flush=True))
sys.exit(main.main())
"""
OPEN = """
chown -R daemon "$1"
folder=$1
while [ "$folder" != / ]; do chmod a+x "$folder"; folder=$(dirname "$folder"); done
chmod a+x /root
"""


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with machine(origin, monkeypatch) as made:
        yield made


@pytest.fixture
def checkout(origin: Origin) -> Context:
    return Context(origin.path, lambda _: None)


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the units of a user who is at home there."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    folder = tmp_path / systemd.USER
    folder.mkdir(parents=True)
    return folder


def command_of(world: Machine) -> Path:
    folder = world.root.parent
    file = folder / "bin" / "delivery"
    file.parent.mkdir()
    fake = str(folder / "python" / "bin" / "python")
    text = COMMAND.format(
        python=sys.executable, root=str(ROOT), checkout=str(world.root), fake=fake
    )
    file.write_text(text)
    file.chmod(0o755)
    return file


def as_root(place: Box, command: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`sudo delivery service …` by the owner of the checkout."""
    offset = {PORT_OFFSET: os.environ[PORT_OFFSET]}
    owner = str(pwd.getpwnam("daemon").pw_uid)  # which git asks sudo for
    return place.run(str(command), "service", *arguments, SUDO_UID=owner, **offset)


def answers(world: Machine) -> bool:
    try:
        return who(world.place("staging")) == TWO
    except httpx.TransportError:
        return False


@pytest.mark.skipif(not boxes_work(), reason="needs root, namespaces, and systemd at rest")
def test_after_a_reboot_all_comes_back_by_itself(
    world: Machine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A real systemd, as process 1 of a machine that loses its power."""
    target, command = world.settle("staging", TWO, ONE), command_of(world)
    kill_all(target)
    with box(tmp_path_factory.mktemp("machine") / "box") as place:
        place.on_disk(OPEN, str(world.root.parent))
        place.boot()
        assert "active, enabled" in as_root(place, command, "install", "--yes").stdout
        eventually(lambda: answers(world), seconds=60)
        shown = as_root(place, command, "install").stdout
        assert (shown.count("\n"), "as it must be; active, enabled" in shown) == (1, True)
        place.power_off()
        assert not answers(world)
        place.boot()
        eventually(lambda: answers(world), seconds=60)
        owners = place.run("ps", "-o", "user=", "-C", "traefik").stdout.split()
        assert owners == ["daemon"]
        assert "inactive" in as_root(place, command, "uninstall").stdout
        assert answers(world)  # what runs goes on without its supervisor
        assert "not there" in as_root(place, command, "status").stdout


def test_the_unit_of_another_checkout_is_left_alone(checkout: Context, units: Path) -> None:
    name = service(checkout, user=True).file.name
    (units / name).write_text("[Service]\nWorkingDirectory=/srv/other\n")
    for call in (service, install, uninstall):
        with pytest.raises(InputError, match="another checkout"):
            call(checkout, user=True)
    assert "/srv/other" in (units / name).read_text()


def test_a_unit_of_the_machine_is_for_root(
    checkout: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(InputError, match=r"sudo .*delivery service install"):
        install(checkout, user=False)


def test_what_decides_where_it_looks_is_handed_on_and_no_secret(
    checkout: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERY_WORKSPACE", "/srv/delivery")
    monkeypatch.setenv(PORT_OFFSET, "100")
    monkeypatch.setenv("GITHUB_TOKEN", "a-secret")
    planned = service(Context(checkout.root, checkout.progress), user=False)
    assert f'\nEnvironment="{PORT_OFFSET}=100"\n' in planned.text
    assert '\nEnvironment="DELIVERY_WORKSPACE=/srv/delivery"\n' in planned.text
    assert "\nReadWritePaths=-/srv/delivery\n" in planned.text
    assert "a-secret" not in planned.text


def test_where_no_systemd_runs_nothing_is_written(
    checkout: Context, units: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shutil.which  # `delivery` may be on PATH alone, where checkouts share their packages
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "systemctl" else found(name))
    with pytest.raises(TargetError, match=r"no systemctl.*delivery up --once"):
        install(checkout, user=True)
    assert not list(units.iterdir())
