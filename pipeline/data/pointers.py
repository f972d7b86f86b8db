"""Data under DVC: the pointer `NAME.dvc` stands in git and names the bytes of `NAME`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import PipelineError

SUFFIX = ".dvc"


def pointer_of(path: Path) -> Path | None:
    """The pointer that covers a path below the checkout: its own, or that of a folder around it."""
    for place in (path, *path.parents[:-1]):
        pointer = place.with_name(place.name + SUFFIX)
        if pointer.is_file():
            return pointer
    return None


def pointed(pointer: Path) -> str:
    """The hash of the bytes that a pointer names.

    Raises:
        PipelineError: it names none.
    """
    try:
        return str(YAML(typ="safe").load(pointer.read_text(encoding="utf-8"))["outs"][0]["md5"])
    except (YAMLError, UnicodeDecodeError, LookupError, TypeError) as error:
        raise PipelineError(
            f"{pointer} names no data. Write it anew: `dvc add {pointer.with_suffix('')}`; then "
            "run `dvc repro`."
        ) from error


def bring(pointers: Iterable[Path]) -> Iterator[str]:
    """Lay out data that are not here, and let pointers name data that were changed, as DVC itself
    does with the dependencies of a stage. Yields a line about each.

    Raises:
        PipelineError: DVC cannot, for example since no remote has the data.
    """
    from dvc.exceptions import DvcException  # half a second that no other source needs
    from dvc.repo import Repo

    with Repo() as repo:
        for pointer in pointers:
            try:
                yield from _bring(repo, pointer)
            except (DvcException, OSError) as error:
                raise PipelineError(
                    f"{pointer.with_suffix('')} is under DVC and cannot be had: "
                    f"{_reason(error)}. Run `dvc push {pointer}` where the data are, and name "
                    "that remote here (`dvc remote list`); then run `dvc repro`."
                ) from error


def _bring(repo: Any, pointer: Path) -> Iterator[str]:
    data = pointer.with_suffix("")
    [out] = repo.stage.load_one(str(pointer)).outs
    if not out.exists:
        repo.pull([str(pointer)])
        yield f"{data} comes from DVC"
    elif out.workspace_status():
        repo.commit(str(pointer), force=True)
        yield f"{data} was changed: {pointer} names it now, to be committed with dvc.lock"


def _reason(error: Exception) -> str:
    """In one line; DVC's own has several for data that are nowhere."""
    from dvc.exceptions import CheckoutError

    nowhere = isinstance(error, CheckoutError)
    return "no remote that is named here has it" if nowhere else str(error).partition("\n")[0]
