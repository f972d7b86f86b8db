"""What `data.sources` names, and which bytes that is: by hash, or by a version."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath

from pipeline.data.pointers import SUFFIX, pointed, pointer_of
from pipeline.errors import PipelineError
from pipeline.settings import Address

PACKAGE = "package:"
PATTERN = frozenset("*?[")


@dataclass(frozen=True)
class Files:
    """Paths below the checkout: `pointers` name data under DVC, `plain` are data themselves."""

    pointers: Sequence[Path]
    plain: Sequence[Path]


def name_of(source: str | Address) -> str:
    """What to call a source."""
    return source.address if isinstance(source, Address) else source


def digest(source: str | Address) -> str | None:
    """Says which bytes a source is, from what git holds: of data under DVC the pointer, of a
    package the version, of an address what params.yaml says. None: nothing says it.

    Raises:
        PipelineError: there is no such file or package.
    """
    if isinstance(source, Address):
        return source.version or source.etag
    if source.startswith(PACKAGE):
        return _version(source.removeprefix(PACKAGE).partition("/")[0])
    if is_elsewhere(source):
        return None
    named = files(source)
    hashes = {path.as_posix(): pointed(path) for path in named.pointers}
    hashes |= {path.as_posix(): _sha256(path) for path in named.plain}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def is_elsewhere(source: str) -> bool:
    """Is it outside the checkout: an address, or a path that leads out?"""
    path = PurePosixPath(source)
    return "://" in source or path.is_absolute() or path.parts[:1] == ("~",) or ".." in path.parts


def files(source: str) -> Files:
    """The files of a source that is a path or a pattern, whether the data are here or not.

    Raises:
        PipelineError: there are none.
    """
    pointers: set[Path] = set()
    plain: set[Path] = set()
    for top in _tops(source):
        for path in _below(top):
            if pointer := pointer_of(path):
                pointers.add(pointer)
            else:
                plain.add(path)
    if not pointers and not plain:
        raise PipelineError(
            f"params.yaml: data.sources: {source!r} is no file or folder of this checkout. Mend "
            "the path. If the data are on another machine: `dvc add` them there and commit the "
            ".dvc file. Then run `dvc repro`."
        )
    return Files(sorted(pointers), sorted(plain))


def ignored(paths: Sequence[Path]) -> list[str]:
    """Those of `paths` that git ignores: no other machine gets them."""
    if not paths:
        return []
    done = subprocess.run(
        ["git", "check-ignore", "-z", "--stdin"], input="\0".join(map(str, paths)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [name for name in done.stdout.split("\0") if name]


def _tops(source: str) -> Iterator[Path]:
    """The paths that a source means. Data under DVC need not be here: their pointers are."""
    if not PATTERN & set(source):
        yield Path(source)
        return
    for path in (*Path().glob(source), *Path().glob(source + SUFFIX)):
        yield path.with_suffix("") if path.suffix == SUFFIX else path


def _below(top: Path) -> Iterator[Path]:
    """The files below `top`, apart from hidden ones such as .gitignore."""
    if pointer_of(top) or top.is_file():
        yield from [] if top.name.startswith(".") else [top]
        return
    for path in top.rglob("*"):
        hidden = any(part.startswith((".", "__pycache__")) for part in path.parts)
        if not hidden and path.is_file():
            yield path.with_suffix("") if path.suffix == SUFFIX else path


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError as error:
        raise PipelineError(
            f"params.yaml: data.sources: the package {package!r} is not installed. Mend the name, "
            "or add it to model/requirements.in, run `make lock` and `make setup`, then `dvc "
            "repro`."
        ) from error
