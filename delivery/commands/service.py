"""`delivery service`: a unit of systemd that runs `delivery up` and outlives a reboot."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.context import Context
from delivery.errors import InputError
from delivery.files import program
from delivery.processes.systemd import Unit
from delivery.targets.local.unit import Supervisor

# What decides where `delivery up` looks. Nothing of it is a secret.
HANDED_ON = ("DELIVERY_WORKSPACE", "DELIVERY_PORT_OFFSET", "GITHUB_SERVER_URL", "XDG_DATA_HOME")


@dataclass(frozen=True, slots=True)
class ServiceResult:
    """A unit: its file, the text that `install` writes, whether there is one and with this text,
    and what systemd does with it. `notes` are what a person has to know or do."""

    file: Path
    text: str
    installed: bool
    current: bool
    enabled: bool
    active: str
    notes: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Is there nothing to install?"""
        return self.current and self.enabled and self.active == "active"


def service(context: Context, *, user: bool) -> ServiceResult:
    """The unit as it is and as it would be; changes nothing.

    Raises:
        InputError: the unit's name is taken by another checkout.
    """
    unit, supervisor = _unit(context.root, user=user), _supervisor(context, user=user)
    text, there = supervisor.unit(), unit.text()
    if there and f"\nWorkingDirectory={context.root}\n" not in there.replace("%%", "%"):
        raise InputError(
            f"{unit.file} is the unit of another checkout or of something else. Look at it, and "
            "move one of the two checkouts"
        )
    return ServiceResult(
        unit.file,
        text,
        bool(there),
        there == text,
        unit.enabled(),
        unit.active(),
        tuple(_notes(supervisor, user=user)),
    )


def install(context: Context, *, user: bool) -> ServiceResult:
    """Write the unit, and start it now and with the machine.

    Raises:
        InputError: no right to do so.
        TargetError: no systemd runs here, or it refuses.
    """
    before = service(context, user=user)
    if not before.done:
        _require_right(user=user)
        _unit(context.root, user=user).install(before.text)
    return service(context, user=user)


def uninstall(context: Context, *, user: bool) -> ServiceResult:
    """End the supervisor and remove its unit; what runs goes on. Errors as of `install`."""
    unit = _unit(context.root, user=user)
    if service(context, user=user) and unit.text():
        _require_right(user=user)
        unit.uninstall()
    return service(context, user=user)


def _unit(root: Path, *, user: bool) -> Unit:
    """Named by the path of the checkout, so that several have their own."""
    return Unit(f"delivery-{'-'.join(root.parts[1:])}.service", user)


def _supervisor(context: Context, *, user: bool) -> Supervisor:
    owner = pwd.getpwuid(context.root.stat().st_uid)
    known = context.surroundings.environ
    return Supervisor(
        root=context.root,
        command=Path(program("delivery")),
        variables={name: known[name] for name in HANDED_ON if known.get(name)},
        owner=None if user else owner.pw_name,
        writable=_writable(context, Path(owner.pw_dir)),
    )


def _writable(context: Context, home: Path) -> Sequence[Path]:
    """The checkout with its git and caches, the state of what runs, and the cache of packages."""
    paths = [context.root, context.workspace.absolute(), home / ".cache"]
    return [path for path in paths if context.root not in path.parents]


def _require_right(*, user: bool) -> None:
    if not user and os.geteuid() != 0:
        raise InputError(
            f"a unit of the machine needs root. `sudo {program('delivery')} service install`, or "
            "`delivery service install --user` for a unit of your own"
        )


def _notes(supervisor: Supervisor, *, user: bool) -> Sequence[str]:
    notes = []
    if user:
        notes.append(
            "it starts when you log in; `loginctl enable-linger` lets it start with the machine"
        )
    if supervisor.owner == "root":
        notes.append(f"it runs as root, who owns {supervisor.root}; a user of its own is better")
    return notes
