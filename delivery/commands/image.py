"""`delivery image build RELEASE`: the image of a release that main has. Needs no key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.image.reference import Reference, repository
from delivery.image.registry import push
from delivery.image.release import release_image


@dataclass(frozen=True, slots=True)
class ImageResult:
    """An image. `sizes` has title, bytes, and bytes compressed of its parts; `pushed` is its name
    in a registry, empty where it was not pushed."""

    release: str
    base: str
    digest: str
    config_digest: str
    diff_ids: Sequence[str]
    sizes: Sequence[tuple[str, int, int]]
    layout: Path
    pushed: str


def build(context: Context, release: str, base: str, *, push_to: str = "") -> ImageResult:
    """Build the image of a release on `base`, look into it, and perhaps push it.

    Raises:
        InputError: main has no such release, or `base` or `push_to` is no name as expected.
        RefusedError: the image has what it should not have; the base brought it.
        TargetError: base, wheels or registry cannot be reached.
    """
    reference = Reference.parse(base, "--base")
    name = repository(push_to, "--push") if push_to else ""
    snapshot = context.snapshot()
    record = snapshot.record(release)
    bento = Bento(release, context.bento(snapshot, release))
    context.progress(f"building the image of {release} on {reference.name}")
    built = release_image(bento, record, reference, context.workspace)
    image = built.image
    pushed = str(push(image, name, release)) if name else ""
    return ImageResult(
        release, str(reference), image.digest, image.config_digest, image.diff_ids, built.sizes,
        image.layout.folder, pushed,
    )  # fmt: skip
