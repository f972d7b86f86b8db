"""A fork whose releases were made by an earlier version of the template takes this version.

`tests/fixtures/before` holds the fork; its make.py says how it was made. Only commands are
called here, as a person would call them, so that modules may move.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_offset

ROOT = Path(__file__).resolve().parents[1]
BEFORE = ROOT / "tests" / "fixtures" / "before"
GOLDEN = BEFORE / "golden"
# What belongs to a fork. An update of the template leaves it alone, and adds what is missing.
OWN = ("delivery.yaml", "dvc.lock", "infra/", "keys/", "releases/", "model/", "params.yaml",
       "training.json")  # fmt: skip
# What no command of a fork needs, and what stands in a fork's own place.
LEFT_OUT = (".ci/", "bench/", "docs/", "model/", "params.yaml", "dvc.lock", "training.json",
            "tests/")  # fmt: skip
PLACES = ("staging", "production")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Fork:
    """The clone of an old fork, with the engine of this checkout on its main."""

    folder: Path
    offset: str  # of the ports of its environments

    @property
    def clone(self) -> Path:
        return self.folder / "checkout"

    def run(self, *command: str) -> Done:
        done = subprocess.run(
            command, cwd=self.clone, env=self._environ(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.code == 0, done.err
        return done.out

    def delivery(self, *arguments: str) -> str:
        """What a command printed; it must succeed."""
        done = self.run(sys.executable, "-m", "delivery", *arguments)
        assert done.code == 0, f"{' '.join(arguments)}: {done.out[-2000:]}{done.err[-4000:]}"
        return done.out

    def answer(self, *arguments: str) -> Any:
        """The JSON answer of a command, whether it found something to mend or not."""
        done = self.run(sys.executable, "-m", "delivery", *arguments, "--json")
        assert done.out, done.err
        return json.loads(done.out)

    def merge(self, printed: str) -> None:
        """Merge the pull request that a command opened."""
        number = re.search(r"pull request #(\d+) open", printed)
        assert number is not None, printed
        self.delivery("pr", "merge", number[1])

    def status(self) -> dict[str, dict[str, Any]]:
        return {row["environment"]: row for row in self.answer("status")}

    def states(self, environment: str) -> list[str]:
        """The state of every attempt, newest first."""
        return [row["state"] for row in self.answer("history", environment)]

    def predict(self, environment: str, release: str) -> dict[str, Any]:
        """What `environment` answers to the first example of `release`."""
        model = self.clone / ".delivery/bentos" / release / "src/artifacts/model"
        example = json.loads((model / "examples.jsonl").read_text().splitlines()[0])
        url = f"{self.status()[environment]['url']}/predict"
        answer: dict[str, Any] = httpx.post(url, json={"instances": [example["instance"]]}).json()
        return answer

    def _environ(self) -> dict[str, str]:
        home = self.folder / "home"
        return {
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_DATA_HOME": str(home / "data"),
            "DVC_SITE_CACHE_DIR": str(home / "dvc"),
            "DELIVERY_PORT_OFFSET": self.offset,
            "PYTHONPATH": "",
        }


def unbundle(origin: Path) -> None:
    """The origin of the old fork, with every ref that it had."""
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(origin)], check=True)
    everything = ["fetch", "--quiet", str(BEFORE / "history.bundle"), "+refs/*:refs/*"]
    subprocess.run(["git", "-C", str(origin), *everything], check=True)


def update(fork: Fork) -> None:
    """Put this checkout's engine on the fork's main, as an update of the template does: what
    the template owns is replaced whole, what the fork owns stays."""
    for name in filter(None, fork.git("ls-files", "-z").split("\0")):
        if not name.startswith(OWN):
            (fork.clone / name).unlink()
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, fork.clone / name
        kept = name.startswith(OWN) and target.exists()
        if not kept and not name.startswith(LEFT_OUT) and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    fork.git("add", "--all")
    fork.git("commit", "--quiet", "--allow-empty", "-m", "Update the template")
    fork.git("push", "--quiet", "origin", "main")


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fork]:
    folder = tmp_path_factory.mktemp("before")
    fork = Fork(folder, free_offset())
    unbundle(folder / "origin.git")
    with tarfile.open(BEFORE / "store.tar.gz") as archive:
        archive.extractall(folder / "store", filter="data")
    clone = ["git", "clone", "--quiet", str(folder / "origin.git"), str(fork.clone)]
    subprocess.run(clone, check=True)
    remote = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {folder / 'store'}\n"
    (fork.clone / ".dvc" / "config.local").write_text(remote)
    update(fork)
    try:
        yield fork
    finally:
        fork.run(sys.executable, "-m", "delivery", "down")


@pytest.fixture(scope="module")
def first(fork: Fork) -> str:
    """The release that ran in staging and production."""
    release: str = fork.status()["production"]["wanted"]
    return release


def test_golden_files_are_those_of_the_history(tmp_path: Path) -> None:
    """Parsers are tested with files that the whole story below is told with."""
    origin = tmp_path / "origin.git"
    unbundle(origin)
    golden = {file.relative_to(GOLDEN).as_posix(): file for file in files(GOLDEN)}
    for path, file in golden.items():
        tag = path.removeprefix("tags/")
        kind, name = ("tag", tag) if tag != path else ("blob", f"main:{path}")
        payload = ["git", "-C", str(origin), "cat-file", kind, name]
        assert file.read_bytes() == subprocess.check_output(payload), path
    tags = subprocess.check_output(["git", "-C", str(origin), "tag", "--list"], text=True).split()
    assert golden.keys() >= {f"tags/{tag}" for tag in tags}


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.e2e
def test_old_events_and_desired_state_are_read(fork: Fork, first: str) -> None:
    rows = fork.answer("history")
    assert {row["environment"]: row["release"] for row in rows} == dict.fromkeys(PLACES, first)
    assert all(row["events"] == ["deployed", "verified"] for row in rows)
    status = fork.status()
    assert [status[name]["state"] for name in PLACES] == ["verified", "verified"]


@pytest.mark.e2e
def test_an_old_release_is_in_order(fork: Fork, first: str) -> None:
    """Record, bytes, data, SBOM, signature and evidence."""
    checked = in_order(fork, first)
    assert checked >= {"record", "bento", "data", "artefact", "sbom", "licences"}
    assert checked >= {
        f"{what} for {name}" for what in ("signature", "evidence") for name in PLACES
    }


@pytest.mark.e2e
def test_an_old_release_is_promoted_verified_and_rolled_back(fork: Fork, first: str) -> None:
    fork.delivery("deploy", "production")
    assert fork.predict("production", first)["release"] == first

    (proposed,) = (pull for pull in fork.answer("pr", "list") if pull["state"] == "open")
    fork.delivery("pr", "merge", str(proposed["number"]))
    second = fork.status()["staging"]["wanted"]
    assert second != first
    fork.merge(fork.delivery("deploy", "staging"))
    fork.delivery("deploy", "production")
    fork.delivery("verify", "production")
    assert fork.status()["production"]["wanted"] == second
    assert fork.predict("production", second)["release"] == second
    assert in_order(fork, second) >= {"signature for production", "evidence for production"}

    fork.delivery("rollback", "production", "--reason", "a rehearsal")
    assert fork.predict("production", first)["release"] == first
    fork.delivery("deploy", "production")
    fork.delivery("verify", "production")
    assert fork.states("production") == ["verified", "revoked", "verified"]
    assert fork.states("staging") == ["verified", "verified"]
    assert {row["problem"] for row in fork.status().values()} == {""}


def in_order(fork: Fork, release: str) -> set[str]:
    """What `delivery inspect` checked; all of it must be as it should."""
    findings = fork.answer("inspect", release)["findings"]
    assert [finding for finding in findings if not finding["ok"]] == []
    return {finding["name"] for finding in findings}
