"""The store: bytes by hash, kept by DVC. Reads from any commit, never from the work tree."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from delivery.content import content_sha256, release_id
from delivery.errors import InputError, StoreError
from delivery.record import FOLDER, pointer_path
from delivery.settings import parse_yaml

LOCK = "dvc.lock"


class Store:
    """The DVC remote of a checkout, and its cache.

    `bentos` is a machine-local folder of bentos by release id; every one is checked by hash
    before it is used.
    """

    def __init__(self, root: Path, workspace: Path) -> None:
        self.root = root
        self.bentos = workspace / "bentos"
        self._work = workspace / "work"
        self._opened: dict[str, Any] = {}

    def stale(self) -> list[str]:
        """The stages and pointers whose outputs in the work tree are not those of dvc.lock."""
        lock = self.root / LOCK
        if lock.is_file():
            parse_yaml(lock.read_text(encoding="utf-8"), LOCK)  # DVC's own message names no cure
        _hush()
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            with Repo(str(self.root)) as repo:
                status: dict[str, Any] = repo.status()
        except DvcException as error:
            raise InputError(f"dvc: {error}. Mend it, then `dvc repro`.") from error
        # Bentos are not laid out in the work tree; their pointers alone are there.
        return sorted(name for name in status if not name.startswith(f"{FOLDER}/"))

    def require_in_step(self) -> None:
        """InputError if dvc.lock does not describe the work tree."""
        stale = self.stale()
        if stale:
            raise InputError(
                f"dvc.lock is stale: {', '.join(stale)} differ from what it names. `dvc repro` "
                "makes them anew (then `git commit -am …` and `dvc push`); after a switch of "
                "branches `dvc checkout` brings them back."
            )

    def require_remote(self) -> str:
        """The URL of the default remote; InputError if there is none."""
        with self._repo(self.root) as repo:
            name = repo.config["core"].get("remote")
            if not name:
                raise InputError(
                    "this checkout has no DVC remote, and a release needs a place for its bytes. "
                    "`dvc remote add -d store s3://bucket/path` (or a folder), then `dvc push`."
                )
            return str(repo.config["remote"][name]["url"])

    def get(self, commit: str, path: str, destination: Path) -> Path:
        """Lay out the DVC-tracked `path` as it is at `commit`, from the cache or the remote."""
        from dvc.exceptions import DvcException

        shutil.rmtree(destination, ignore_errors=True)
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._files(commit).get(path, str(destination), recursive=True)
        except (DvcException, OSError) as error:
            shutil.rmtree(destination, ignore_errors=True)
            raise StoreError(
                f"{path} of commit {commit[:12]} is neither in the DVC cache nor in the "
                f"remote ({type(error).__name__}: {error}). Run `dvc push` where it was "
                "made; nothing is rebuilt in its place."
            ) from error
        return destination

    def _files(self, commit: str) -> Any:
        """The DVC-tracked files of a commit, opened once."""
        if commit not in self._opened:
            _hush()
            from dvc.api import DVCFileSystem

            self._opened[commit] = DVCFileSystem(str(self.root), rev=commit)
        return self._opened[commit]

    def put(self, release: str, bento: Path) -> str:
        """Store a bento in the remote. Returns the text of its DVC pointer."""
        self.require_remote()
        with self._scratch() as folder, self._repo(folder) as repo:
            target = folder / FOLDER / release
            shutil.copytree(bento, target)
            repo.add(str(target))
            repo.push(targets=[str(folder / pointer_path(release))])
            return (folder / pointer_path(release)).read_text(encoding="utf-8")

    def bento(self, release: str, sha256: str, commit: str) -> Path:
        """The folder of a released bento, checked against the record's hash.

        Raises:
            StoreError: the bytes cannot be had, or are others than the record names.
        """
        local = self.bentos / release
        if not local.is_dir():
            incoming = self._work / f"incoming-{release}-{os.getpid()}"
            self.get(commit, f"{FOLDER}/{release}", incoming)
            self.bentos.mkdir(parents=True, exist_ok=True)
            self._check(incoming, release, sha256, f"the store's copy of {release}")
            with contextlib.suppress(FileExistsError):
                incoming.rename(local)
        self._check(local, release, sha256, str(local))
        return local

    def _check(self, folder: Path, release: str, sha256: str, name: str) -> None:
        found = content_sha256(folder)
        if found == sha256 and release_id(found) == release:
            return
        shutil.rmtree(folder)
        raise StoreError(
            f"{name} is corrupted: its content hash is {found[:12]}…, and the record of {release} "
            f"says {sha256[:12]}…. The copy was removed; run the command again to fetch it anew. "
            "If that fails too, restore the remote: nothing is rebuilt in its place."
        )

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A throw-away DVC repository with this checkout's remote and cache."""
        from dvc.repo import Repo

        self._work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._work) as name, self._repo(self.root) as own:
            folder = Path(name)
            _hush()
            scratch = Repo.init(str(folder), no_scm=True)
            with scratch.config.edit() as config:
                for remote, options in own.config["remote"].items():
                    config["remote"][remote] = dict(options)
                config["core"]["remote"] = own.config["core"]["remote"]
                config["cache"]["dir"] = str(Path(own.cache.local.path).parents[1])
            scratch.close()
            yield folder

    @contextlib.contextmanager
    def _repo(self, root: Path) -> Iterator[Any]:
        _hush()
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            with Repo(str(root)) as repo:
                yield repo
        except DvcException as error:
            raise StoreError(f"dvc: {error}") from error


def _hush() -> None:
    """No banner and no analytics of DVC in our output."""
    import dvc.logger  # noqa: F401  (its import sets the level that is lowered here)

    os.environ["DVC_NO_ANALYTICS"] = "1"
    logging.getLogger("dvc").setLevel(logging.ERROR)
