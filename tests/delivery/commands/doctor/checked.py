"""The checks on GitHub by name, with a store that needs no bytes."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.commands.doctor.check import Check
from delivery.commands.doctor.github import checks
from tests.github.governing import Governed


@dataclass(frozen=True)
class Store:
    """A DVC remote, or none; the real one has its own tests."""

    remote: str | None = None

    def place(self) -> str:
        return self.remote or "GitHub Releases"


def found(world: Governed, remote: str | None = None) -> dict[str, Check]:
    context = world.context
    vars(context)["store"] = Store(remote)
    return {check.name: check for check in checks(context)}
