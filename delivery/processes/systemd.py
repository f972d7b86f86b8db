"""Service units of systemd, of the machine or of one user: their files, and what systemctl says."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from delivery.errors import TargetError
from delivery.files import write_whole

MACHINE = Path("/etc/systemd/system")
USER = Path(".config/systemd/user")  # below the home folder
WITHOUT = (
    "Where no systemd runs, let whatever starts programs here run `delivery up`, or cron every "
    "minute `delivery up --once`: docs/local.md"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit `name`, of the machine or, with `user`, of whoever calls."""

    name: str
    user: bool

    @property
    def file(self) -> Path:
        return (Path.home() / USER if self.user else MACHINE) / self.name

    def text(self) -> str:
        """As its file has it; empty where there is none."""
        return self.file.read_text(encoding="utf-8") if self.file.is_file() else ""

    def enabled(self) -> bool:
        """Does it start with the machine or, for a user's, with the session?"""
        return self._query("is-enabled") == "enabled"

    def active(self) -> str:
        """systemd's word for what it does now: active, activating, failed, inactive."""
        return self._query("is-active")

    def install(self, text: str) -> None:
        """Write its file, and start it now and with the machine. What a running one started goes
        on if its unit says `KillMode=process`.

        Raises:
            TargetError: systemd does not run here or refuses.
        """
        self._do("daemon-reload")  # it fails where no systemd runs, before anything is written
        write_whole(self.file, text)
        self.file.chmod(0o644)
        self._do("daemon-reload")
        self._do("enable", self.name)
        self._do("restart", self.name)

    def uninstall(self) -> None:
        """Stop it, and forget its file. TargetError as above."""
        self._do("disable", "--now", self.name)
        self.file.unlink(missing_ok=True)
        self._do("daemon-reload")

    def _query(self, verb: str) -> str:
        return self._systemctl(verb, self.name)[0]

    def _do(self, *arguments: str) -> None:
        command = " ".join(self._command(*arguments))
        if problem := self._systemctl(*arguments)[1]:
            raise TargetError(f"`{command}` failed: {problem[:300]}. {WITHOUT}")

    def _systemctl(self, *arguments: str) -> tuple[str, str]:
        """What it says, and why it failed; empty if it did not."""
        if shutil.which("systemctl") is None:
            return "", "there is no systemctl on this machine"
        command = self._command(*arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        failure = done.stderr.strip() or f"exit code {done.returncode}"
        return done.stdout.strip(), failure if done.returncode else ""

    def _command(self, *arguments: str) -> list[str]:
        return ["systemctl", *(["--user"] if self.user else []), *arguments]
