"""An image as `docker load` and `podman load` take it: an archive of its blobs with a list."""

from __future__ import annotations

import io
import json
import tarfile
from typing import IO

from delivery.image.layout import Image


def write_archive(image: Image, out: IO[bytes]) -> None:
    """Write it to a stream. Its id there is the digest of its configuration, or of its manifest:
    engines differ. Under no tag: a tag can be moved."""
    config = f"{image.config_digest.removeprefix('sha256:')}.json"
    layers = [f"{blob.digest.removeprefix('sha256:')}.tar.gz" for blob in image.layers]
    listed = [{"Config": config, "RepoTags": None, "Layers": layers}]
    with tarfile.open(fileobj=out, mode="w|") as archive:
        _add(archive, config, image.layout.path(image.config_digest).read_bytes())
        for name, blob in zip(layers, image.layers, strict=True):
            file = image.layout.path(blob.digest)
            entry = tarfile.TarInfo(name)
            entry.size = file.stat().st_size
            with file.open("rb") as content:
                archive.addfile(entry, content)
        _add(archive, "manifest.json", json.dumps(listed).encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
