"""The store: bytes by hash, kept by DVC. Reads from any commit, never from the work tree."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from delivery.bento.digest import content_sha256, release_id
from delivery.errors import InputError, StoreError
from delivery.state.record import FOLDER, pointer_path
from delivery.storage.dvc import (
    at,
    files_of,
    hush,
    objects,
    opened,
    outs,
    scratch,
    tracked,
)
from delivery.storage.dvc_cache import admit, mend
from delivery.storage.github_releases import Bundles


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
            StoreError: some of it is neither in the cache nor in the store.
        """
        self.place()
        if self.remote:
            self._keep_in_remote(revision)
            return
        assert self._bundles is not None
        with opened(self.root) as repo, at(repo, revision):
            self._bundles.keep(self._lock_bundle(repo), files_of(repo, outs(repo)), commit)

    def _keep_in_remote(self, revision: str) -> None:
        with opened(self.root) as repo:
            with at(repo, revision):
                files_of(repo, outs(repo))  # refuses what is no hash before DVC takes it for one
            if revision == "workspace":
                repo.push()
            else:
                repo.push(revs=[revision], workspace=False)
        with opened(self.root) as repo, at(repo, revision):
            if lost := self._lost(repo):  # DVC passes over what its cache lacks
                raise StoreError(
                    f"the DVC cache lacks {', '.join(lost)}, and so does {self.remote}. "
                    "`dvc repro` makes them; nothing else may stand in their place."
                )

    def objects(self) -> Mapping[str, Path]:
        """The cached file of every object that the work tree's dvc.lock names, by id."""
        with opened(self.root) as repo:
            return files_of(repo, outs(repo))

    def admit(self, files: Mapping[str, Path]) -> None:
        """Put files into the DVC cache; StoreError if one is not what its id says."""
        with opened(self.root) as repo:
            admit(files, repo.cache.local, "what was trained")

    def metrics(self, commit: str, path: str) -> Mapping[str, Any]:
        """The metrics of a commit; empty where they cannot be had."""
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.suppress(StoreError, ValueError),  # not to be had, or not JSON
        ):
            content = json.loads(self.get(commit, path, Path(folder) / "metrics").read_text())
            return content if isinstance(content, dict) else {}
        return {}

    def missing(self) -> list[str]:
        """The paths of dvc.lock whose bytes the store lacks. Asks, and fetches no data."""
        with opened(self.root) as repo:
            if self.remote:
                return self._lost(repo)
            self.place()
            assert self._bundles is not None
            return [] if self._bundles.holds(self._lock_bundle(repo)) else sorted(outs(repo))

    @staticmethod
    def _lost(repo: Any) -> list[str]:
        """What the DVC remote lacks."""
        remote, cache = repo.cloud.get_remote_odb(), repo.cache.local
        return sorted(
            path
            for path, out in outs(repo).items()
            if not (hashes := objects(out, remote, cache)) or not all(map(remote.exists, hashes))
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
        from dvc_data.index import DataIndexDirError

        self._bring(commit, path, held_by)
        self._require_sound(commit, path)
        shutil.rmtree(destination, ignore_errors=True)
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._files(commit).get(path, str(destination), recursive=True)
        except (DvcException, DataIndexDirError, OSError) as error:
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
        """Mend what the cache has of `path`. Where the store is GitHub, fill it from the bundle."""
        with opened(self.root) as repo:
            cache = repo.cache.local
            with at(repo, commit):
                out = tracked(repo).get(path)
                if out is not None:
                    mend(repo, out)
                if out is None or self._bundles is None or self.remote:
                    return
                if all(cache.exists(oid) for oid in objects(out, cache)):
                    return
                own = [Path(path).name] if path.startswith(FOLDER) else [self._lock_bundle(repo)]
            self._bundles.bring([*own, *filter(None, [held_by])], cache)

    def _require_sound(self, commit: str, path: str) -> None:
        """StoreError if the list of a folder names what does not belong there."""
        with opened(self.root) as repo, at(repo, commit):
            out = tracked(repo).get(path)
            if out is not None:
                remote = [repo.cloud.get_remote_odb()] if self.remote else []
                objects(out, repo.cache.local, *remote)

    def put(self, release: str, bento: Path, commit: str) -> str:
        """Store a bento. Returns the text of its DVC pointer.

        Where the store is GitHub, what `commit` was trained and judged on goes with it.
        """
        self.place()
        with scratch(self.root, self._work) as repo:
            target = Path(repo.root_dir) / FOLDER / release
            shutil.copytree(bento, target)
            repo.add(str(target))
            pointer = target.with_name(Path(pointer_path(release)).name)
            if self.remote:
                repo.push(targets=[str(pointer)])
            else:
                assert self._bundles is not None
                with opened(self.root) as own, at(own, commit):
                    files = files_of(repo, tracked(repo)) | files_of(own, outs(own))
                self._bundles.keep(release, files, commit)
            return pointer.read_text(encoding="utf-8")

    @staticmethod
    def _lock_bundle(repo: Any) -> str:
        """The name of the bundle of a dvc.lock: by the hashes that it names."""
        named = {path: out.hash_info.value for path, out in outs(repo).items()}
        text = json.dumps(named, sort_keys=True)
        return f"lock-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def has(self, release: str) -> bool:
        """Is the bento of a release laid out here?"""
        return (self.bentos / release).is_dir()

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
        content = content_sha256(folder)
        if content == sha256 and release_id(content) == release:
            return
        shutil.rmtree(folder)
        raise StoreError(
            f"{name} is corrupted: its content hash is {content[:12]}…, and the record of "
            f"{release} says {sha256[:12]}…. The copy was removed; run the command again to fetch "
            "it anew. "
            "If that fails too, restore the remote: nothing is rebuilt in its place."
        )
