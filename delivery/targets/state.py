"""Where a target keeps what it knows: files below one folder, each whole or not there.

A folder on this machine is one, and so is a volume of a container engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from delivery.files import write_whole


class StateFile(Protocol):
    """A file of a state folder. FileNotFoundError where one that is read is not there."""

    @property
    def name(self) -> str: ...

    def exists(self) -> bool: ...

    def read_text(self, encoding: str) -> str: ...

    def unlink(self, missing_ok: bool) -> None: ...


@runtime_checkable
class RemoteFile(StateFile, Protocol):
    """One that is not on this machine."""

    def write_whole(self, text: str) -> None: ...


class StateFolder(Protocol):
    """What a target keeps its files in."""

    def __truediv__(self, name: str, /) -> StateFile: ...


def write(file: StateFile, text: str) -> None:
    """Replace it in one step: a reader sees the old file or the new one."""
    if isinstance(file, RemoteFile):
        file.write_whole(text)
    elif isinstance(file, Path):
        write_whole(file, text)
    else:
        raise TypeError(file)
