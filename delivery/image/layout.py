"""OCI image layouts: folders in which every blob is named by its sha256.

    oci-layout               {"imageLayoutVersion": "1.0.0"}
    index.json               which manifests it has
    blobs/sha256/<64 hex>    manifests, configurations, layers

Whatever is read is compared with its name first.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from delivery.documents import canonical
from delivery.errors import InputError
from delivery.files import write_whole
from serving.digests import file_sha256

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
PLATFORM = ("linux", "amd64")
LARGEST = 4 * 1024 * 1024  # bytes of a document; registries take no larger manifest


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob: what it is, its digest `sha256:…`, its size in bytes."""

    media_type: str
    digest: str
    size: int

    def to_json(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Image:
    """One image in a layout."""

    layout: Layout
    digest: str
    manifest: Mapping[str, Any]

    @cached_property
    def config(self) -> Mapping[str, Any]:
        return self.layout.document(self.config_digest)

    @property
    def config_digest(self) -> str:
        return str(self.manifest["config"]["digest"])

    @property
    def layers(self) -> Sequence[Descriptor]:
        """Compressed, the lowest first."""
        return [
            Descriptor(str(item["mediaType"]), str(item["digest"]), int(item["size"]))
            for item in self.manifest["layers"]
        ]

    @property
    def diff_ids(self) -> Sequence[str]:
        """sha256 of each layer's tar archive, the lowest first."""
        return [str(digest) for digest in self.config["rootfs"]["diff_ids"]]


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout in `folder`."""

    folder: Path

    def path(self, digest: str) -> Path:
        return self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def create(self) -> None:
        """Make an empty one, or leave what is there."""
        (self.folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "oci-layout", '{"imageLayoutVersion":"1.0.0"}')

    def put(self, media_type: str, content: bytes) -> Descriptor:
        """Keep a small blob."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        write_whole(self.path(digest), content.decode())
        return Descriptor(media_type, digest, len(content))

    def adopt(self, media_type: str, file: Path, digest: str) -> Descriptor:
        """Move a file, whose digest is known, in."""
        size = file.stat().st_size
        file.replace(self.path(digest))
        return Descriptor(media_type, digest, size)

    def take(self, other: Layout, blob: Descriptor) -> None:
        """Copy a blob of another layout, compared with its digest."""
        if not self.path(blob.digest).is_file():
            part = self.path(blob.digest).with_suffix(".part")
            shutil.copyfile(other.checked(blob.digest), part)
            part.replace(self.path(blob.digest))

    def publish(self, manifest: Mapping[str, Any], tag: str, media_type: str = MANIFEST) -> str:
        """Make this the one image of the layout, or a list of them; its digest."""
        blob = self.put(media_type, canonical(manifest))
        named = {**blob.to_json(), "annotations": {"org.opencontainers.image.ref.name": tag}}
        index = {"schemaVersion": 2, "manifests": [named]}
        write_whole(self.folder / "index.json", canonical(index).decode())
        return blob.digest

    def image(self, digest: str | None = None) -> Image:
        """The image for this platform, or the one with a digest.

        Raises:
            InputError: there is no layout, no such image, or bytes are not what they are named.
        """
        index = self._json(self.folder / "index.json")
        digests = [str(item["digest"]) for item in self._matching(index)]
        if digest is None and len(digests) != 1:
            raise InputError(f"{self.folder} has {len(digests)} images for this platform, not one")
        manifest = self.document(digest or digests[0])
        if manifest.get("mediaType") in INDEXES or "manifests" in manifest:
            inner = self._matching(manifest)
            if len(inner) != 1:
                raise InputError(
                    f"{self.folder}: the index names no image for {'/'.join(PLATFORM)}"
                )
            return self.image(str(inner[0]["digest"]))
        if "layers" not in manifest:
            raise InputError(f"{self.folder}: {digest or digests[0]} is no manifest of an image")
        return Image(self, digest or digests[0], manifest)

    def listed(self) -> str:
        """The digest of the one thing that the layout has; InputError where that is not one."""
        index = self._json(self.folder / "index.json")
        digests = [str(item["digest"]) for item in index.get("manifests", ())]
        if len(digests) != 1:
            raise InputError(f"{self.folder} has {len(digests)} manifests, expected one")
        return digests[0]

    def document(self, digest: str) -> Mapping[str, Any]:
        """A JSON blob."""
        path = self.checked(digest)
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path} is larger than any manifest or configuration")
        return self._json(path)

    def checked(self, digest: str) -> Path:
        """The file of a blob; InputError where it is not there or has other bytes."""
        path = self.path(digest)
        if not path.is_file():
            raise InputError(f"{self.folder} has no blob {digest}")
        if f"sha256:{file_sha256(path)}" != digest:
            raise InputError(f"{path} has other bytes than its name says; delete that layout")
        return path

    def _matching(self, index: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The manifests that may be for this platform; attestations name none."""
        return [
            item
            for item in index.get("manifests", ())
            if (at := item.get("platform")) is None
            or (at.get("os"), at.get("architecture")) == PLATFORM
        ]

    def _json(self, path: Path) -> Mapping[str, Any]:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"{path}: not there, so {self.folder} is no OCI layout") from error
        except ValueError as error:
            raise InputError(f"{path} is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise InputError(f"{path} is not a JSON object")
        return content
