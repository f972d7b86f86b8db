"""Calls of git in a checkout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from delivery.errors import OutsideError

RACED = ("stale info", "already exists", "cannot lock ref", "File exists")  # in what git says


class GitError(OutsideError):
    """git said no."""

    @property
    def raced(self) -> bool:
        """Was somebody else writing the same ref at that moment?"""
        return any(sign in str(self) for sign in RACED)


class Git:
    """git in the checkout at `root`. `credentials` are variables that let it reach origin."""

    def __init__(self, root: Path, credentials: Mapping[str, str] | None = None) -> None:
        self.root = root
        self._credentials = credentials or {}

    def run(
        self,
        *arguments: str,
        stdin: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> str:
        """Run git and return its output, stripped. GitError with what git said."""
        result = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=self._environ() | dict(environ or {}),
        )
        if result.returncode != 0:
            reason = " ".join((result.stderr or result.stdout).split())[-600:]
            raise GitError(f"git {arguments[0]} failed: {reason}")
        return result.stdout.rstrip("\n")

    def _environ(self) -> dict[str, str]:
        return {**os.environ, **self._credentials, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
