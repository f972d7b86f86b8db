"""The image of a release: built on a base by digest, and looked into before anybody has it."""

from __future__ import annotations

import shutil
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.bento.digest import file_hashes
from delivery.errors import RefusedError
from delivery.image.build import Built, build_image
from delivery.image.config import LABEL
from delivery.image.contents import contents
from delivery.image.findings import findings
from delivery.image.layout import Image, Layout
from delivery.image.reference import Reference
from delivery.image.registry import images, pull
from delivery.state.record import Record

BASE_DIGEST = f"{LABEL}.base.digest"


def release_image(bento: Bento, record: Record, base: Reference, workspace: Path) -> Built:
    """The image of `bento` on `base`, in a layout below `images(workspace)`.

    Raises:
        RefusedError: it has what it should not have; the base brought it.
        TargetError: base or wheels cannot be reached.
    """
    below = pull(base, workspace)
    folder = images(workspace) / bento.id
    shutil.rmtree(folder, ignore_errors=True)
    built = build_image(bento, record, below, base, folder)
    image = built.image
    if wrong := findings(image.config, contents(image), file_hashes(bento.path)):
        shutil.rmtree(folder)
        raise RefusedError(f"the image of {bento.id} on {base}: {'; '.join(wrong)}")
    return built


def kept_image(release: str, base: Reference, workspace: Path) -> Image | None:
    """The image that `release_image` left here, if it is on this base."""
    layout = Layout(images(workspace) / release)
    if not (layout.folder / "index.json").is_file():
        return None
    image = layout.image()
    labels = image.config["config"].get("Labels") or {}
    return image if labels.get(BASE_DIGEST) == base.digest else None
