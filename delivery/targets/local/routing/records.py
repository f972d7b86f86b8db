"""What the router wrote down about requests while a candidate had a share.

    <folder>/access.log      a JSON object a line, as Traefik writes it
    <folder>/access.log.1    what somebody moved away before Traefik was told; then .2, .3, …
    <folder>/attempt         which attempt they are about
    <folder>/lost            is there once some are known to be missing

The router tells of every request, also of those that a dead service never saw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.files import write_whole


@dataclass(frozen=True, slots=True)
class Records:
    """The records in `folder`."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "access.log"

    @property
    def lost(self) -> bool:
        return (self.folder / "lost").exists()

    def files(self) -> Sequence[Path]:
        """Oldest first."""
        before = [path for path in self.folder.glob("access.log.*") if path.suffix[1:].isdecimal()]
        return [*sorted(before, key=lambda path: int(path.suffix[1:])), self.file]

    def begin(self, attempt: str, reopen: Callable[[], None]) -> None:
        """Forget what is about another attempt."""
        about = self.folder / "attempt"
        if about.exists() and about.read_text(encoding="utf-8") == attempt:
            return
        for file in (*self.files(), self.folder / "lost"):
            file.unlink(missing_ok=True)
        reopen()
        write_whole(about, attempt)

    def miss(self) -> None:
        """Remember that some are missing, whoever reads on."""
        (self.folder / "lost").touch()
