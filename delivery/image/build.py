"""Images from a base and the wheels of a lock: of a release, and of `delivery` itself. No engine,
no root and no network needed where base and wheels are here; the same input gives the same
bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.bento.bento import Bento
from delivery.bento.digest import MANIFEST as BENTO_MANIFEST
from delivery.bento.digest import file_hashes
from delivery.bento.environment import LOCK
from delivery.documents import canonical, parse_yaml
from delivery.errors import InputError
from delivery.files import scratch
from delivery.image.config import BENTO, PACKAGES, command_config, image_config
from delivery.image.contents import unpacked_size
from delivery.image.layer import PROGRAM_MODE, Layer, write_layer
from delivery.image.layout import CONFIG, MANIFEST, Image, Layout
from delivery.image.packages import install
from delivery.image.reference import Reference
from delivery.state.record import Record

PYTHON = "3.11"  # of the image that `delivery` runs from, whatever checkout it is started in
PROGRAMS = ("kubectl", "uv")  # that packages bring and `delivery` calls in a cluster
FROM_SOURCE = ("antlr4-python3-runtime",)  # a library of DVC without a wheel, in Python alone
TAG = "delivery"


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
    layout = _begin(base, destination)
    with scratch(destination) as work:
        packages = install(bento.path / LOCK, work / "packages", python)
        files = {path: bento.path / path for path in file_hashes(bento.path)}
        layers = (
            write_layer(layout, "Python packages", _below(PACKAGES, packages)),
            write_layer(layout, "bento", _below(BENTO, files)),
        )
    config = image_config(base.config, name, record, layers, python)
    return _finish(layout, base, layers, config, record.id)


def build_command(
    lock: Path, commit: str, base: Image, name: Reference, destination: Path
) -> Built:
    """Write the image that `delivery` runs from, with what `lock` at `commit` names, on `base`,
    called `name`, as a layout into `destination`.

    Raises:
        InputError: the base is for another platform.
        TargetError: a wheel cannot be had.
    """
    layout = _begin(base, destination)
    with scratch(destination) as work:
        packages = install(lock, work / "packages", PYTHON, PROGRAMS, FROM_SOURCE)
        programs = {path: file for path, file in packages.items() if path.startswith("bin/")}
        rest = {path: packages[path] for path in packages.keys() - programs.keys()}
        layers = (
            write_layer(layout, "Python packages", _below(PACKAGES, rest)),
            write_layer(layout, "programs", _below("usr/local", programs), PROGRAM_MODE),
        )
    config = command_config(base.config, name, commit, layers, PYTHON)
    return _finish(layout, base, layers, config, TAG)


def _begin(base: Image, destination: Path) -> Layout:
    """A layout that has the layers of `base`."""
    layout = Layout(destination)
    layout.create()
    for blob in base.layers:
        layout.take(base.layout, blob)
    return layout


def _finish(
    layout: Layout, base: Image, layers: Sequence[Layer], config: Mapping[str, Any], tag: str
) -> Built:
    kept = layout.put(CONFIG, canonical(config))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": kept.to_json(),
        "layers": [
            *({**blob.to_json(), "mediaType": _oci(blob.media_type)} for blob in base.layers),
            *(layer.blob.to_json() for layer in layers),
        ],
    }
    digest = layout.publish(manifest, tag)
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
