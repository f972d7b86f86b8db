"""An image is named by its digest; a tag says nothing about bytes."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.image.reference import Reference, repository

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"registry.example:5000/team/online@{DIGEST}", "registry.example:5000/team/online"),
        (f"registry.example/online:v1@{DIGEST}", "registry.example/online"),
        (f"online@{DIGEST}", "online"),
    ],
)
def test_a_digest_names_an_image(text: str, name: str) -> None:
    found = Reference.parse(text, "--base")
    assert (found.name, found.digest) == (name, DIGEST)
    assert str(found) == f"{name}@{DIGEST}"


@pytest.mark.parametrize(
    "text",
    [
        "registry.example/online:latest",
        "online",
        "none",
        f"online@{DIGEST[:-1]}",
        f"online@{DIGEST}0",
        f"Online@{DIGEST}",
        f"--flag@{DIGEST}",
        f"docker://online@{DIGEST}",
        f"online@{DIGEST}\n",
        "",
    ],
)
def test_anything_else_is_refused_with_the_way_to_a_digest(text: str) -> None:
    with pytest.raises(InputError, match=r"--base is .*a tag can be moved.*skopeo inspect"):
        Reference.parse(text, "--base")


def test_a_repository_has_neither_tag_nor_digest() -> None:
    assert repository("registry.example:5000/team/online", "--push") == (
        "registry.example:5000/team/online"
    )
    for text in ("registry.example/online:v1", f"online@{DIGEST}", "https://example/online", "-x"):
        with pytest.raises(InputError, match="--push is"):
            repository(text, "--push")
