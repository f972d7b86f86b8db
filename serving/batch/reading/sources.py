"""The files that an address names: one, a folder, or a pattern; here or wherever fsspec reaches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from serving.batch.documents import SourceFile
from serving.batch.errors import BadInput, explained

Format = Literal["parquet", "csv", "jsonl"]
SUFFIXES: Mapping[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
PACKED = (".gz", ".bz2", ".xz", ".zst")  # of texts; Parquet compresses itself
# What stores call the version of an object's bytes: the first of them that a store gives counts.
# S3 tells a VersionId of one object and not in a list of them, so it is none of these.
VERSIONS = ("generation", "ETag", "etag", "md5Hash", "content_md5")
MAGIC = frozenset("*?[")
FOOTER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the input. `path` is its place below the address, as results name it; `address`
    is what its file system calls it; `version` changes when its bytes do."""

    path: str
    address: str
    format: Format
    size: int
    version: str
    url: str  # the address that the job was given, which names the file system

    @property
    def described(self) -> SourceFile:
        """What is written down about it."""
        return SourceFile(path=self.path, format=self.format, version=self.version, size=self.size)

    def open(self) -> IO[bytes]:
        """A stream of its bytes; texts are unpacked."""
        fs = _file_system(self.url)[0]
        packed = None if self.format == "parquet" else "infer"
        stream: IO[bytes] = fs.open(self.address, "rb", compression=packed)
        return stream

    def require_same(self) -> None:
        """BadInput if the file is another than when the job began."""
        fs = _file_system(self.url)[0]
        fs.invalidate_cache()  # a driver remembers what it has listed
        with explained(self.url):
            try:
                now = _version(fs, fs.info(self.address))
            except FileNotFoundError:
                now = "it is gone"
        if now != self.version:
            raise BadInput(
                f"{self.path}: changed while it was read, so what was read of it since is thrown "
                "away. Let nobody write to the input while a job runs, and run the job again"
            )


def find_sources(url: str, kind: Format | None = None) -> tuple[Source, ...]:
    """The files that `url` names, by path; `kind` says their format where names do not.

    Raises:
        BadInput: nothing is there, nothing has a name of a known format, or the file system is
            unknown here.
    """
    fs, root = _file_system(url)
    fs.invalidate_cache()
    try:
        with explained(url):
            infos = dict(_infos(fs, root))
    except ValueError as error:
        raise BadInput(f"{url}: cannot be read: {error}") from error
    if not infos:
        raise BadInput(f"{url}: no such file or folder, or nothing that the pattern fits")
    found = []
    for path, info in sorted(infos.items()):
        format_ = kind or format_of(path)
        if format_ is None:
            if len(infos) == 1:
                raise BadInput(f"{url}: {_unknown(path)}")
            continue  # a folder may hold a README
        address = str(info["name"])
        size = int(info.get("size") or 0)
        found.append(Source(path, address, format_, size, _version(fs, info), url))
    if not found:
        raise BadInput(f"{url}: {len(infos)} files, and {_unknown(next(iter(infos)))}")
    return tuple(found)


def format_of(path: str) -> Format | None:
    """By the name of a file; None if that tells nothing."""
    name = path.lower()
    for suffix in PACKED:
        name = name.removesuffix(suffix)
    return SUFFIXES.get(Path(name).suffix)


def absolute(url: str) -> str:
    """`url` with a local path made whole, so that it means the same in another folder."""
    return url if "://" in url or "::" in url else str(Path(url).absolute())


def _unknown(path: str) -> str:
    known = ", ".join(SUFFIXES)
    return f"{path} has no name of a known format ({known}); say --input-format"


def _file_system(url: str) -> tuple[Any, str]:
    try:
        fs, root = url_to_fs(url)
    except (ValueError, ImportError, OSError) as error:
        raise BadInput(
            f"{url}: no file system for this address: {error}. A driver belongs in model/batch.in; "
            "`make lock` locks it"
        ) from error
    return fs, str(root)


def _infos(fs: Any, root: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path below the address → what the file system says of the file."""
    root = root.rstrip("/") or root
    if MAGIC & set(root):
        found = fs.glob(root, detail=True)
        steps = root.split("/")
        fixed = "/".join(steps[: next(i for i, step in enumerate(steps) if MAGIC & set(step))])
        yield from _below(fixed, {k: v for k, v in found.items() if v["type"] == "file"})
    elif fs.isdir(root):
        yield from _below(root, fs.find(root, detail=True))
    elif fs.exists(root):
        yield root.rpartition("/")[2], fs.info(root)


def _below(root: str, found: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, info in found.items():
        path = name[len(root) :].lstrip("/")
        # As everywhere: a dot or an underscore in front marks what is no data.
        if not any(step.startswith((".", "_")) for step in path.split("/")):
            yield path, info


def _version(fs: Any, info: Mapping[str, Any]) -> str:
    """A hash of what changes with the bytes. To read them all would take as long as the job, so
    it is what the store says of them; here the time, the place and the last bytes of the file."""
    said = [f"{key}={info[key]}" for key in VERSIONS if info.get(key)][:1]
    if not said and isinstance(fs, LocalFileSystem):
        file = Path(info["name"])
        status = file.stat()
        with file.open("rb") as stream:
            stream.seek(max(0, status.st_size - FOOTER))
            footer = hashlib.sha256(stream.read()).hexdigest()
        said = [f"mtime={status.st_mtime_ns}", f"ino={status.st_ino}", f"footer={footer}"]
        info = {"size": status.st_size}
    elif not said:
        said = [fs.ukey(info["name"])]
    return hashlib.sha256(f"size={info.get('size')} {' '.join(said)}".encode()).hexdigest()
