"""DVC's Python interface: opened without banner and analytics, its errors as ours."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from delivery.errors import StoreError

Repo = Any  # DVC ships no types that help
Out = Any
ID = re.compile(r"[0-9a-f]{32}(\.dir)?")


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Repo]:
    """The DVC repository at `root`; StoreError for what DVC refuses."""
    hush()
    from dvc.exceptions import DvcException

    try:
        with _repo(root) as repo:
            yield repo
    except DvcException as error:
        raise StoreError(f"dvc: {error}") from error


def _repo(root: Path) -> Repo:
    from dvc.repo import Repo

    try:
        return Repo(str(root))
    except OSError as error:
        raise StoreError(
            f"dvc cannot use {error.filename}: {error.strerror}. It reads its settings below HOME "
            "or XDG_CONFIG_HOME, and keeps an index below DVC_SITE_CACHE_DIR: let them name "
            "folders that you can read and write"
        ) from error


def hush() -> None:
    """No banner and no analytics of DVC in our output."""
    import dvc.logger  # noqa: F401  (its import sets the level that is lowered here)

    os.environ["DVC_NO_ANALYTICS"] = "1"
    logging.getLogger("dvc").setLevel(logging.ERROR)


def outs(repo: Repo) -> Mapping[str, Out]:
    """Everything that the pipeline's stages put out, by path below the root."""
    return {
        str(Path(out.fs_path).relative_to(repo.root_dir)): out
        for stage in repo.index.stages
        if hasattr(stage, "name")  # pointers of releases have none
        for out in stage.outs
        if out.use_cache
    }


def tracked(repo: Repo) -> Mapping[str, Out]:
    """Every out that DVC knows, pointers of releases included, by path below the root."""
    return {
        str(Path(out.fs_path).relative_to(repo.root_dir)): out
        for stage in repo.index.stages
        for out in stage.outs
    }


@contextlib.contextmanager
def at(repo: Repo, revision: str) -> Iterator[None]:
    """The repository as it is at a commit, or in the `workspace`."""
    repo.scm  # noqa: B018  (opened here, since a switch hides the work tree)
    with repo.switch(revision):
        yield


def objects(out: Out, *places: Any) -> Sequence[str]:
    """The ids of the objects that an out is made of. The list of a folder is read from the first
    of `places` (DVC object databases) that has it; where none has, it stands for itself.

    An id is a path in the cache and an entry of a list one below the folder, and both may come
    from a branch: one that leads elsewhere would give away or replace what lies there.

    Raises:
        StoreError: an id is no md5, a list is damaged or names a path outside its folder.
    """
    info = out.hash_info
    if not info:
        return ()
    ids = [str(info.value)]
    _require_id(ids[0], out)
    holder = next((place for place in places if info.isdir and place.exists(info.value)), None)
    if holder is not None:
        for key, _, entry in _list(holder, out):
            if not all(key) or {".", ".."} & set(key):
                raise StoreError(f"{out}: its list has {'/'.join(key)!r}, which climbs out of it")
            ids.append(str(entry.value))
            _require_id(ids[-1], out)
    return ids


def _list(holder: Any, out: Out) -> Any:
    """The list of a folder."""
    from dvc_data.hashfile.tree import Tree
    from dvc_objects.errors import ObjectFormatError

    try:
        return Tree.load(holder, out.hash_info)
    except ObjectFormatError as error:
        raise StoreError(
            f"{out}: its list in {holder.path} is corrupted: {error}. Restore it there: nothing is "
            "rebuilt in its place."
        ) from error


def files_of(repo: Repo, named: Mapping[str, Out]) -> dict[str, Path]:
    """The cached file of every object of `named`, by id; a file need not be there."""
    cache = repo.cache.local
    return {
        oid: Path(cache.oid_to_path(oid)) for out in named.values() for oid in objects(out, cache)
    }


@contextlib.contextmanager
def scratch(root: Path, work: Path) -> Iterator[Repo]:
    """A throw-away DVC repository below `work` with the remote and the cache of `root`."""
    from dvc.repo import Repo

    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as folder, opened(root) as own:
        made = Repo.init(folder, no_scm=True)
        with made.config.edit() as config:
            _copy_remotes(own.config, config)
            config["cache"]["dir"] = str(Path(own.cache.local.path).parents[1])
        made.close()
        with opened(Path(folder)) as repo:
            yield repo


def lend_remotes(root: Path, folder: Path) -> None:
    """Let the DVC repository at `folder` read from the remotes of `root`."""
    local = folder / ".dvc" / "config.local"
    local.touch()
    local.chmod(0o600)  # remotes may have credentials
    with opened(root) as own, opened(folder) as other, other.config.edit("local") as config:
        _copy_remotes(own.config, config)


def _copy_remotes(own: Any, config: Any) -> None:
    for remote, options in own["remote"].items():
        config["remote"][remote] = dict(options)
    if "remote" in own["core"]:
        config["core"]["remote"] = own["core"]["remote"]


def _require_id(oid: str, out: Out) -> None:
    if not ID.fullmatch(oid):
        raise StoreError(
            f"{out}: expected an md5 for its id, found {oid!r}. `dvc repro` writes dvc.lock anew."
        )
