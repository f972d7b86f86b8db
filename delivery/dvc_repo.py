"""DVC's Python interface: opened without banner and analytics, its errors as ours."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from delivery.errors import StoreError

Repo = Any  # DVC ships no types that help
Out = Any


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Repo]:
    """The DVC repository at `root`; StoreError for what DVC refuses."""
    hush()
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            yield repo
    except DvcException as error:
        raise StoreError(f"dvc: {error}") from error


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


def objects(out: Out, *places: Any) -> Sequence[str]:
    """The ids of the objects that an out is made of. The list of a folder is read from the first
    of `places` (DVC object databases) that has it; where none has, it stands for itself."""
    from dvc_data.hashfile.tree import Tree

    info = out.hash_info
    if not info or not info.value:
        return ()
    if not info.isdir:
        return (str(info.value),)
    for place in places:
        if place.exists(info.value):
            tree = Tree.load(place, info)
            return (str(info.value), *(str(found.value) for _, _, found in tree))
    return (str(info.value),)
