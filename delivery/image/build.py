"""An image from a base, the wheels of a lock and a bento. No engine, no root and no network needed
where base and wheels are here; the same input gives the same bytes anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.bento.digest import MANIFEST as BENTO_MANIFEST
from delivery.bento.digest import file_hashes
from delivery.documents import canonical, parse_yaml
from delivery.errors import InputError
from delivery.files import scratch
from delivery.image.config import BENTO, PACKAGES, image_config
from delivery.image.contents import unpacked_size
from delivery.image.layer import Layer, write_layer
from delivery.image.layout import CONFIG, MANIFEST, Image, Layout
from delivery.image.packages import install
from delivery.image.reference import Reference
from delivery.state.record import Record


@dataclass(frozen=True, slots=True)
class Built:
    """An image, and what its bytes are: title of a layer → bytes of it, as an archive and
    compressed."""

    image: Image
    sizes: Sequence[tuple[str, int, int]]


def build_image(
    bento: Bento, record: Record, base: Image, name: Reference, destination: Path
) -> Built:
    """Write the image of `record` on `base`, called `name`, as a layout into `destination`.

    Raises:
        InputError: the bento is not the record's, or the base is for another platform.
        TargetError: a wheel cannot be had.
    """
    if bento.sha256 != record.bento_sha256:
        raise InputError(f"{bento.path} is not the bento of {record.id}; delete that folder")
    python = python_of(bento)
    layout = Layout(destination)
    layout.create()
    for blob in base.layers:
        layout.take(base.layout, blob)
    with scratch(destination) as work:
        packages = install(bento.path, work / "packages", python)
        files = {path: bento.path / path for path in file_hashes(bento.path)}
        layers = (
            write_layer(layout, "Python packages", _below(PACKAGES, packages)),
            write_layer(layout, "bento", _below(BENTO, files)),
        )
    config = layout.put(CONFIG, canonical(image_config(base.config, name, record, layers, python)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.to_json(),
        "layers": [
            *({**blob.to_json(), "mediaType": _oci(blob.media_type)} for blob in base.layers),
            *(layer.blob.to_json() for layer in layers),
        ],
    }
    digest = layout.publish(manifest, record.id)
    return Built(layout.image(digest), _sizes(base, layers))


def python_of(bento: Bento) -> str:
    """The Python that the bento asks for, such as 3.11."""
    manifest = bento.path / BENTO_MANIFEST
    content = parse_yaml(manifest.read_text(encoding="utf-8"), str(manifest))
    try:
        return str(content["image"]["python_version"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{manifest} names no python_version of an image") from error


def _below(folder: str, files: Mapping[str, Path]) -> Mapping[str, Path]:
    return {f"{folder}/{name}": file for name, file in files.items()}


def _oci(media_type: str) -> str:
    """Docker's name of a layer as OCI has it."""
    return media_type.replace(
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.oci.image.layer.v1.tar+gzip",
    )


def _sizes(base: Image, layers: Sequence[Layer]) -> Sequence[tuple[str, int, int]]:
    unpacked = sum(unpacked_size(base, number) for number in range(len(base.layers)))
    packed = sum(blob.size for blob in base.layers)
    return [("base", unpacked, packed), *((x.title, x.size, x.blob.size) for x in layers)]
