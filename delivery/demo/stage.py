"""The scratch clone of the demo, and the ways to act in it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from delivery.demo.policy import roll_out_in_steps
from delivery.files import write_whole
from delivery.settings.policy import PORT_OFFSET, read_settings
from delivery.state.desired import Desired, desired_path, render_desired
from delivery.storage.checkout import WORKSPACE

CONSOLE = Console(highlight=False)
ENVIRONMENTS = "envs"  # kept from demo to demo
ACTIVATION = "activate"


class DemoError(Exception):
    """An act did not end as it must."""


class Stage:
    """The scratch clone and the ways to act in it."""

    def __init__(self, root: Path, folder: str = ".demo") -> None:
        self.root = root
        self.folder = root / folder
        self.clone = self.folder / "checkout"
        self.environ = self._environ()

    def _environ(self) -> dict[str, str]:
        """A home of its own; nothing of the person's git or DVC settings."""
        uv_cache = subprocess.run(
            ["uv", "cache", "dir"], capture_output=True, text=True, check=True
        ).stdout.strip()
        home = self.folder / "home"
        who = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", "Newcomer"), ("EMAIL", "newcomer@example.com"))
        }
        return {
            **os.environ,
            **who,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_DATA_HOME": str(home / "data"),
            "UV_CACHE_DIR": uv_cache,
            "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(home / "dvc"),
            "PYTHONPATH": "",
            "BORROW": sys.prefix,
            "PATH": f"{self.clone / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": str(CONSOLE.width - 2),  # what is shown is indented by two
        }

    def run(self, *command: str, expect: int = 0, quiet: bool = False) -> str:
        """Run a command of the story, showing it and what it prints; returns that."""
        CONSOLE.print(f"[bold]$ {' '.join(command)}[/bold]")
        begun = time.monotonic()
        process = subprocess.Popen(
            command, cwd=self.clone, env=self.environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        output = []
        for line in process.stdout:
            output.append(line)
            if not quiet:
                CONSOLE.print("  " + line.rstrip(), markup=False, soft_wrap=True)
        code = process.wait()
        CONSOLE.print(f"  [dim]{time.monotonic() - begun:.1f} s[/dim]")
        if code != expect:
            if quiet:
                CONSOLE.print("".join(output), markup=False)
            raise DemoError(f"`{' '.join(command)}` exited with {code}, expected {expect}")
        return "".join(output)

    def ask(self, *command: str) -> Any:
        """The JSON answer of a `delivery` command."""
        result = subprocess.run(
            ["delivery", *command, "--json"],
            cwd=self.clone, env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        try:
            return json.loads(result.stdout)
        except ValueError as error:
            raise DemoError(f"`delivery {' '.join(command)}`: {result.stderr}") from error

    def merge(self, output: str) -> None:
        """Merge the pull request that a command said it opened."""
        self.run("delivery", "pr", "merge", opened(output))

    def sync_main(self) -> None:
        self.run("git", "switch", "--quiet", "main", quiet=True)
        self.run("git", "pull", "--quiet", "origin", "main")


def opened(output: str) -> str:
    """The number in `pull request #7 open: …`."""
    match = re.search(r"pull request #(\d+) open", output)
    if match is None:
        raise DemoError(f"no pull request was opened: {output[-300:]}")
    return match[1]


def prepare(stage: Stage) -> None:
    """Lay out the scratch clone: this checkout's files, nothing released, its own origin."""
    take_down(stage)
    for left in stage.folder.glob("*"):
        if left.name != ENVIRONMENTS:
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    stage.clone.mkdir(parents=True)
    # Bentos run in environments made from their lock: the same lock, the same environment.
    (stage.folder / ENVIRONMENTS).mkdir(exist_ok=True)
    (stage.clone / WORKSPACE).mkdir()
    (stage.clone / WORKSPACE / "envs").symlink_to(stage.folder / ENVIRONMENTS)
    pointers = [name for name in _copy_files(stage) if name.endswith(".dvc")]
    _write_activation(stage)
    roll_out_in_steps(stage.clone / "delivery.yaml")
    for environment in read_settings(stage.clone).environments:
        (stage.clone / desired_path(environment)).write_text(render_desired(Desired()))
    for command in (
        ("git", "init", "--quiet", "--bare", "-b", "main", "../origin.git"),
        ("git", "init", "--quiet", "-b", "main"),
        ("git", "remote", "add", "origin", "../origin.git"),
        ("dvc", "remote", "add", "--local", "--quiet", "--default", "store", "../store"),
        ("git", "add", "--all"),
        ("git", "commit", "--quiet", "-m", "Start from the template"),
        ("git", "push", "--quiet", "-u", "origin", "main"),
        (sys.executable, "requirements/install.py"),  # the clone runs its own code
    ):
        subprocess.run(command, cwd=stage.clone, env=stage.environ, check=True)
    if pointers:
        _bring_data(stage, pointers)


def _copy_files(stage: Stage) -> list[str]:
    """What git has or would take of this checkout, apart from releases; the names."""
    listed = subprocess.run(
        ["git", "-C", str(stage.root), "ls-files", "-co", "--exclude-standard", "-z"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    copied = []
    for name in filter(None, listed.stdout.split("\0")):
        source = stage.root / name
        if source.is_file() and not name.startswith("releases/r-") and name != "dvc.lock":
            target = stage.clone / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            copied.append(name)
    return copied


def _bring_data(stage: Stage, pointers: list[str]) -> None:
    """Data under DVC, from this checkout's remote by its cache into the clone's cache. A cache has
    the form of a remote."""
    fetch = ("dvc", "fetch", "--quiet", *pointers)
    fetched = subprocess.run(fetch, cwd=stage.root, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        raise DemoError(f"`{' '.join(fetch)}`: {fetched.stderr.strip()}")
    cache = subprocess.run(
        ["dvc", "cache", "dir"], cwd=stage.root, check=True, capture_output=True, text=True
    ).stdout.strip()
    for command in (
        ("dvc", "remote", "add", "--local", "--quiet", "here", cache),
        ("dvc", "fetch", "--quiet", "--remote", "here", *pointers),
        ("dvc", "remote", "remove", "--local", "--quiet", "here"),
    ):
        subprocess.run(command, cwd=stage.clone, env=stage.environ, check=True)


def _write_activation(stage: Stage) -> None:
    """What a person sources to go on in the clone, with its command and its keys."""
    lines = [
        "# In bash or zsh: . .demo/activate",
        f"cd {shlex.quote(str(stage.clone))}",
        f"export PATH={shlex.quote(str(stage.clone / '.venv' / 'bin'))}:$PATH",
        f"export XDG_DATA_HOME={shlex.quote(stage.environ['XDG_DATA_HOME'])}",
    ]
    if offset := stage.environ.get(PORT_OFFSET):
        lines.append(f"export {PORT_OFFSET}={shlex.quote(offset)}")
    write_whole(stage.folder / ACTIVATION, "\n".join(lines) + "\n")


def take_down(stage: Stage) -> None:
    """Stop what an earlier demo left running."""
    if (stage.clone / "delivery.yaml").is_file():
        subprocess.run(
            [sys.executable, "-m", "delivery", "down"], cwd=stage.clone, env=stage.environ,
            stdout=subprocess.DEVNULL, check=False,
        )  # fmt: skip
