"""A release runs from the image that main names, or from one that is written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.image.layout import Image
from delivery.image.reference import Reference
from delivery.targets.docker.images import Images, Source
from delivery.targets.docker.place import Place
from tests.delivery.targets.docker.conftest import BASE
from tests.images.base import lay_out

NAMED = Reference("registry.example/online", f"sha256:{'b' * 64}")


def images(place: Place, image: Image | None, named: Reference | None = None) -> Images:
    def build(_: str, __: Reference) -> Image:
        assert image, "built, though main names one"
        return image

    return Images(place.engine, Reference.parse(BASE, "base"), Source(lambda _: named, build))


def test_what_main_names_is_pulled_by_digest(
    place: Place, calls: Callable[[], Sequence[Sequence[str]]]
) -> None:
    found = images(place, None, NAMED)
    assert found.named("r-1") == found.ready("r-1", "sha256:old") == str(NAMED)
    assert calls()[-1] == ["pull", "--quiet", str(NAMED)]


def test_a_release_stays_with_what_it_ran_from(place: Place, home: Path) -> None:
    """On another base it was not judged."""
    found = images(place, None)
    assert found.named("r-1") == ""
    (home / "running" / "sha256:old").write_text('{"labels": {}}')
    assert found.ready("r-1", "sha256:old") == "sha256:old"


def test_what_became_another_image_is_refused(place: Place, tmp_path: Path) -> None:
    """This engine takes everything, and has nothing afterwards."""
    image = lay_out(tmp_path / "image", {})
    (tmp_path / "bin" / "docker").write_text(
        '#!/bin/sh\n[ "$1" = load ] && cat > "$FAKE/loaded" && exit\n'
        "echo 'Error: No such image' >&2; exit 1\n"
    )
    with pytest.raises(TargetError, match=f"another image.*{image.config_digest}"):
        images(place, image).ready("r-1")
    assert (tmp_path / "loaded").stat().st_size > 0
