"""Sources: bring the data that `data.sources` names, and write down which bytes they are.

params.yaml data.sources  →  artifacts/data/sources.json

DVC runs this stage every time. What it writes differs when data differ, and `ingest` runs then.
With --digest it prints the hash of what it would write, and brings nothing.
"""

from __future__ import annotations

import hashlib
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

from pipeline.data.io import SOURCES, canonical, run, write_json
from pipeline.data.pointers import bring
from pipeline.data.source import PACKAGE, Files, digest, files, ignored, is_elsewhere, name_of
from pipeline.errors import PipelineError
from pipeline.settings import Address, Settings

PATIENCE = 30  # seconds for a web server to answer


def sources(settings: Settings) -> str:
    """Write sources.json: by the name of each source its hash or version, or null."""
    lines = list(_brought(settings))
    digests = _digests(settings)
    write_json(SOURCES, digests)
    lines += list(_loose_ends(settings, digests))
    return "\n".join(f"sources: {line}" for line in [_summary(digests), *lines])


def sources_md5(settings: Settings) -> str:
    """What DVC would call sources.json by."""
    text = canonical(_digests(settings))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _digests(settings: Settings) -> dict[str, str | None]:
    return {name_of(source): digest(source) for source in settings.data.sources}


def _brought(settings: Settings) -> Iterator[str]:
    """Data under DVC are laid out; of an etag the server is asked."""
    pointers = {pointer for found in _files(settings) for pointer in found.pointers}
    if pointers:
        yield from bring(sorted(pointers))
    for source in settings.data.sources:
        if isinstance(source, Address) and source.etag:
            _require_etag(source)


def _files(settings: Settings) -> Iterator[Files]:
    for source in settings.data.sources:
        if isinstance(source, str) and not source.startswith(PACKAGE) and not is_elsewhere(source):
            yield files(source)


def _loose_ends(settings: Settings, found: dict[str, str | None]) -> Iterator[str]:
    """What a person should know at every run."""
    for name, known in found.items():
        if known is None:
            yield (
                f"{name} cannot be tracked, so nobody notices when its data change. Give it a "
                "version in params.yaml (docs/model.md), or run `dvc repro --force ingest`."
            )
    for name in ignored([path for group in _files(settings) for path in group.plain]):
        yield f"{name} is on this machine alone, since git ignores it: `dvc add {name}`."


def _summary(found: dict[str, str | None]) -> str:
    if not found:
        return "none is named in data.sources: only changes below model/ are noticed"
    tracked = sum(known is not None for known in found.values())
    return f"{tracked} of {len(found)} tracked"


def _require_etag(source: Address) -> None:
    """PipelineError if the server says that the data are others by now."""
    request = urllib.request.Request(source.address, method="HEAD")
    try:
        with urllib.request.urlopen(  # nosec B310 - settings let http: and https: pass alone
            request, timeout=PATIENCE
        ) as answer:
            etag = answer.headers.get("ETag")
    except (urllib.error.URLError, TimeoutError) as error:
        raise PipelineError(
            f"{source.address} cannot be asked for its etag: {error}. Run `dvc repro` again, or "
            "give it a version in place of the etag in data.sources of params.yaml."
        ) from error
    if etag is None or _bare(etag) != _bare(source.etag or ""):
        raise PipelineError(
            f"{source.address} has the etag {etag}, and data.sources of params.yaml says "
            f"{source.etag}. Put in the new one for the new data, and run `dvc repro`."
        )


def _bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')


if __name__ == "__main__":
    run(sources_md5 if "--digest" in sys.argv else sources)
