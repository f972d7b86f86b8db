"""Where results go: a folder here, or below an address of an object store.

A file is put there whole or not at all. What decides is put only where nothing is yet, and the
first to put it wins: a hard link here, a conditional put in a store. Nothing is ever replaced.

    units/NAME.json            the record of a unit: it is done
    units/NAME-HASH.parquet    its predictions
    units/NAME-HASH.jsonl      its refused rows
    manifest.json              the job is published: readers begin here
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from serving.batch.documents import Manifest, Unit, UnitRecord
from serving.batch.errors import BadInput, Failed, explained
from serving.digests import file_sha256
from serving.strict import DocumentError, parse

MANIFEST = "manifest.json"
UNITS = "units"
WRITING = ".writing"  # below the output: hard links do not cross file systems
STALE = 24 * 3600.0  # s: whoever wrote it was killed
# Of these file systems fsspec's `mode="create"` is one step of the store.
CONDITIONAL = frozenset(
    ("file", "local", "memory", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az")
)


class Output:
    """The place at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._fs, root = url_to_fs(url)
        except (ValueError, ImportError, OSError) as error:
            raise BadInput(f"{url}: no file system for this address: {error}") from error
        self._root = str(root).rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)
        known = {self._fs.protocol} if isinstance(self._fs.protocol, str) else self._fs.protocol
        if not CONDITIONAL & set(known):
            raise BadInput(
                f"{url}: nothing says that this file system puts a file only where none is; "
                f"results can go to {', '.join(sorted(CONDITIONAL))}"
            )

    def prepare(self) -> None:
        """Make the folders, and remove what killed runs left behind. A store has no folders, and
        its driver would make a bucket of a wrong name."""
        if not self._local:
            return
        with explained(self.url):
            Path(self._root, UNITS).mkdir(parents=True, exist_ok=True)
            writing = Path(self._root, WRITING)
            writing.mkdir(exist_ok=True)
            for file in writing.iterdir():
                with suppress(FileNotFoundError):
                    if time.time() - file.stat().st_mtime > STALE:
                        file.unlink()

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """A path on this machine for a file that is being written; gone at the end."""
        parent = Path(self._root, WRITING) if self._local else Path(tempfile.gettempdir())
        path = parent / f"batch-{os.getpid()}-{secrets.token_hex(6)}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def put(self, name: str, file: Path) -> None:
        """Put `file` there; `name` holds the hash of its content, so one that is there is equal."""
        with explained(f"{self.url}/{name}"):
            if self._local:
                self._link(file, name)
            else:
                self._fs.put_file(str(file), self._path(name))

    def put_first(self, name: str, text: str) -> bool:
        """Put `text` there unless something is there; False if something is."""
        with explained(f"{self.url}/{name}"):
            if self._local:
                with self.temporary() as file:
                    file.write_text(text, encoding="utf-8")
                    return self._link(file, name)
            try:
                self._fs.pipe_file(self._path(name), text.encode(), mode="create")
            except FileExistsError:
                return False
            return True

    def read(self, name: str) -> str | None:
        """The text of a file; None if it is not there."""
        with explained(f"{self.url}/{name}"):
            try:
                return str(self._fs.cat_file(self._path(name)).decode())
            except FileNotFoundError:
                return None

    def find(self, name: str) -> UnitRecord | None:
        """The record of a unit; None if it is not done."""
        place = f"{UNITS}/{name}.json"
        text = self.read(place)
        if text is None:
            return None
        return parse(UnitRecord, _json(text, place), source=f"{self.url}/{place}")

    def record(self, name: str) -> UnitRecord:
        """The record of a unit that is done; Failed if it is gone."""
        if (record := self.find(name)) is None:
            raise Failed(f"{self.url}/{UNITS}/{name}.json is gone: let nobody remove files there")
        return record

    def manifest(self) -> Manifest | None:
        """What was published; None if nothing was.

        Raises:
            DocumentError: it is no manifest, or one of a later version.
        """
        text = self.read(MANIFEST)
        if text is None:
            return None
        return parse(Manifest, _json(text, MANIFEST), source=f"{self.url}/{MANIFEST}")

    def open(self, name: str) -> IO[bytes]:
        """A stream of a file that is there."""
        with explained(f"{self.url}/{name}"):
            stream: IO[bytes] = self._fs.open(self._path(name), "rb")
            return stream

    def has(self, name: str) -> bool:
        with explained(f"{self.url}/{name}"):
            return bool(self._fs.exists(self._path(name)))

    def sha256(self, name: str) -> str | None:
        """The hash of a file; None if it is not there."""
        with explained(f"{self.url}/{name}"):
            if not self.has(name):
                return None
            if self._local:
                return file_sha256(Path(self._path(name)))
            with self.temporary() as file:
                self._fs.get_file(self._path(name), str(file))
                return file_sha256(file)

    def remove(self, name: str) -> None:
        """Remove a file that nothing names."""
        with explained(f"{self.url}/{name}"), suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def require_all(self, units: Iterable[Unit]) -> None:
        """Failed if a file of a unit is not there."""
        there = set(self._names())
        for unit in units:
            for written in (unit.predictions, unit.problems):
                if written and written.file.removeprefix(f"{UNITS}/") not in there:
                    raise Failed(
                        f"{self.url}/{written.file} is gone, although its unit was done. Remove "
                        f"{UNITS}/{unit.name}.json as well and run the same command again"
                    )

    def records(self) -> frozenset[str]:
        """The names of the units that are done."""
        names = self._names()
        return frozenset(n.removesuffix(".json") for n in names if n.endswith(".json"))

    def _names(self) -> list[str]:
        """Of all that units have written."""
        with explained(self.url):
            self._fs.invalidate_cache()
            try:
                paths = self._fs.ls(f"{self._root}/{UNITS}", detail=False)
            except FileNotFoundError:  # in a store nothing is there before its first file
                return []
            return [str(path).rpartition("/")[2] for path in paths]

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _link(self, file: Path, name: str) -> bool:
        """The bytes are on the disk before the name is."""
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
        final = Path(self._root, name)
        try:
            os.link(file, final)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOTSUP):
                raise BadInput(
                    f"{self.url}: this file system has no hard links, so nothing can be put there "
                    "only once; write to another disk or to an object store"
                ) from error
            raise
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return True


def _json(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DocumentError(f"{source}: not JSON: {error}") from error
