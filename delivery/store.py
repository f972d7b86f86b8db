"""The store: bytes by hash, kept by DVC. Reads from any commit, never from the work tree."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from delivery.bundles import Bundles, admit
from delivery.content import content_sha256, release_id
from delivery.dvc_repo import hush, objects, opened, outs
from delivery.errors import InputError, StoreError
from delivery.record import FOLDER, pointer_path


class Store:
    """The DVC remote of a checkout, or `bundles` on GitHub where it has none, and its cache.

    `bentos` is a machine-local folder of bentos by release id; every one is checked by hash
    before it is used.
    """

    def __init__(self, root: Path, workspace: Path, bundles: Bundles | None = None) -> None:
        self.root = root
        self._bundles = bundles
        self.bentos = workspace / "bentos"
        self._work = workspace / "work"
        self._opened: dict[str, Any] = {}

    @property
    def remote(self) -> str | None:
        """The URL of the default DVC remote; None where there is none."""
        with opened(self.root) as repo:
            name = repo.config["core"].get("remote")
            return str(repo.config["remote"][name]["url"]) if name else None

    def place(self) -> str:
        """Where the bytes are kept; InputError if there is no such place."""
        if remote := self.remote:
            return remote
        if self._bundles is not None:
            return self._bundles.place
        raise InputError(
            "this checkout has no DVC remote, and a release needs a place for its bytes. "
            "`dvc remote add -d store s3://bucket/path` (or a folder), then `dvc push`."
        )

    def push(self, commit: str) -> str:
        """Store everything that the work tree's dvc.lock names; where. `commit` is HEAD."""
        self.keep("workspace", commit)
        return self.place()

    def keep(self, revision: str, commit: str) -> None:
        """Store what the dvc.lock of `revision` names. `commit` is one that GitHub has.

        Raises:
            StoreError: the cache lacks some of it.
        """
        self.place()
        if self.remote:
            with opened(self.root) as repo:
                repo.push(revs=[revision] if revision != "workspace" else None)
            return
        assert self._bundles is not None
        with opened(self.root) as repo, self._at(repo, revision):
            name, files = self._lock_bundle(repo), self._files_of(repo, outs(repo))
            if lost := [oid for oid, file in files.items() if not file.is_file()]:
                raise StoreError(
                    f"the DVC cache lacks {len(lost)} objects, {lost[0]} among them; "
                    "`dvc repro` makes them"
                )
            self._bundles.keep(name, files, commit)

    def objects(self) -> Mapping[str, Path]:
        """The cached file of every object that the work tree's dvc.lock names, by id."""
        with opened(self.root) as repo:
            return self._files_of(repo, outs(repo))

    def admit(self, files: Mapping[str, Path]) -> None:
        """Put files into the DVC cache; StoreError if one is not what its id says."""
        with opened(self.root) as repo:
            admit(files, repo.cache.local, "what was trained")

    def metrics(self, commit: str, path: str) -> Mapping[str, Any]:
        """The metrics of a commit; empty where they cannot be had."""
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(StoreError):
            content = json.loads(self.get(commit, path, Path(folder) / "metrics").read_text())
            return content if isinstance(content, dict) else {}
        return {}

    @staticmethod
    @contextlib.contextmanager
    def _at(repo: Any, revision: str) -> Iterator[None]:
        repo.scm  # noqa: B018  (opened here, since a switch hides the work tree)
        with repo.switch(revision):
            yield

    def missing(self) -> list[str]:
        """The paths of dvc.lock whose bytes the store lacks. Asks, and fetches no data."""
        with opened(self.root) as repo:
            named = outs(repo)
            if not self.remote:
                self.place()
                assert self._bundles is not None
                return [] if self._bundles.holds(self._lock_bundle(repo)) else sorted(named)
            remote, cache = repo.cloud.get_remote_odb(), repo.cache.local
            return sorted(
                path
                for path, out in named.items()
                if not all(remote.exists(oid) for oid in objects(out, remote, cache))
            )

    def require_held(self) -> None:
        """StoreError if the store lacks what dvc.lock names."""
        missing = self.missing()
        if missing:
            raise StoreError(
                f"{self.place()} lacks {', '.join(missing)}, which dvc.lock names. Run "
                "`delivery push` where it was made; nothing is rebuilt in its place."
            )

    def get(self, commit: str, path: str, destination: Path, *, held_by: str = "") -> Path:
        """Lay out the DVC-tracked `path` as it is at `commit`, from the cache or the store.

        `held_by` is a release that holds it as well.
        """
        from dvc.exceptions import DvcException

        self._bring(commit, path, held_by)
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
            hush()
            from dvc.api import DVCFileSystem

            self._opened[commit] = DVCFileSystem(str(self.root), rev=commit)
        return self._opened[commit]

    def _bring(self, commit: str, path: str, held_by: str) -> None:
        """Where the store is GitHub: fill the cache from the bundle that has `path`."""
        if self._bundles is None or self.remote:
            return
        with opened(self.root) as repo:
            cache = repo.cache.local
            with self._at(repo, commit):
                out = next((out for name, out in _tracked(repo) if name == path), None)
                if out is None or all(cache.exists(oid) for oid in objects(out, cache)):
                    return
                own = [Path(path).name] if path.startswith(FOLDER) else [self._lock_bundle(repo)]
            self._bundles.bring([*own, *filter(None, [held_by])], cache)

    def put(self, release: str, bento: Path, commit: str) -> str:
        """Store a bento. Returns the text of its DVC pointer.

        Where the store is GitHub, what `commit` was trained and judged on goes with it.
        """
        self.place()
        with self._scratch() as folder, opened(folder) as repo:
            target = folder / FOLDER / release
            shutil.copytree(bento, target)
            repo.add(str(target))
            pointer = folder / pointer_path(release)
            if self.remote:
                repo.push(targets=[str(pointer)])
            else:
                assert self._bundles is not None
                with opened(self.root) as own:
                    files = self._files_of(repo, dict(_tracked(repo))) | self._files_of(
                        own, outs(own)
                    )
                self._bundles.keep(release, files, commit)
            return pointer.read_text(encoding="utf-8")

    @staticmethod
    def _lock_bundle(repo: Any) -> str:
        """The name of the bundle of a dvc.lock: by the hashes that it names."""
        named = {path: out.hash_info.value for path, out in outs(repo).items()}
        text = json.dumps(named, sort_keys=True)
        return f"lock-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @staticmethod
    def _files_of(repo: Any, named: Mapping[str, Any]) -> dict[str, Path]:
        """The cached file of every object of `named`, by id."""
        cache = repo.cache.local
        return {
            oid: Path(cache.oid_to_path(oid))
            for out in named.values()
            for oid in objects(out, cache)
        }

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
        with tempfile.TemporaryDirectory(dir=self._work) as name, opened(self.root) as own:
            folder = Path(name)
            hush()
            scratch = Repo.init(str(folder), no_scm=True)
            with scratch.config.edit() as config:
                for remote, options in own.config["remote"].items():
                    config["remote"][remote] = dict(options)
                if "remote" in own.config["core"]:
                    config["core"]["remote"] = own.config["core"]["remote"]
                config["cache"]["dir"] = str(Path(own.cache.local.path).parents[1])
            scratch.close()
            yield folder


def _tracked(repo: Any) -> Iterator[tuple[str, Any]]:
    """Every out that DVC knows, pointers included, by path below the root."""
    for stage in repo.index.stages:
        for out in stage.outs:
            yield str(Path(out.fs_path).relative_to(repo.root_dir)), out
