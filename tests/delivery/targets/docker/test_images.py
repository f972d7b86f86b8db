"""A release runs from the image that main names by its digest, and from no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.errors import InputError
from delivery.targets.docker.images import pulled
from delivery.targets.docker.place import Place

NAMED = f"registry.example/online@sha256:{'b' * 64}"


def test_what_main_names_is_pulled_by_digest_once(
    place: Place, home: Path, calls: Callable[[], Sequence[Sequence[str]]]
) -> None:
    (home / "running" / "registry.example").mkdir()
    assert pulled(place.engine, Bento("r-1", home, NAMED)) == NAMED
    assert calls()[-1] == ["pull", "--quiet", NAMED]
    (home / "running" / NAMED).write_text('{"labels": {}}')
    assert pulled(place.engine, Bento("r-1", home, NAMED)) == NAMED
    assert calls()[-1] == ["image", "inspect", NAMED]


def test_a_tag_beside_the_digest_is_left_out(place: Place, home: Path) -> None:
    tagged = NAMED.replace("@", ":1.2@")
    assert pulled(place.engine, Bento("r-1", home, tagged)) == NAMED


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("none", "r-1 has no image.*docs/images.md"),
        ("registry.example/online:latest", "a tag can be moved"),
        ("registry.example/online", "a tag can be moved"),
        (f"sha256:{'b' * 64}", "expected NAME@sha256"),
    ],
)
def test_without_a_digest_nothing_is_asked_of_the_engine(
    place: Place, home: Path, image: str, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        pulled(place.engine, Bento("r-1", home, image))
    assert not (home / "calls").exists()
