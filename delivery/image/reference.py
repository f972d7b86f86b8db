"""Names of images. A tag can be moved, so an image is named by its digest alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from delivery.errors import InputError

PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
NAME = rf"(?:[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?/)?{PART}(?:/{PART})*"
DIGEST = r"sha256:[0-9a-f]{64}"
REPOSITORY = re.compile(NAME)
IMAGE = re.compile(rf"({NAME})(?::[\w.-]{{1,128}})?@({DIGEST})")
FOUND_BY = "`skopeo inspect --format '{{.Digest}}' docker://NAME:TAG` prints the digest of a tag"


@dataclass(frozen=True, slots=True)
class Reference:
    """An image: the repository that has it, and the sha256 of its manifest."""

    name: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}"

    @classmethod
    def parse(cls, text: str, source: str) -> Self:
        """InputError unless it is NAME@sha256:… A tag beside the digest is left out."""
        match = IMAGE.fullmatch(text)
        if match is None:
            raise InputError(
                f"{source} is {text[:200]!r}, expected NAME@sha256:… with 64 hex digits, since a "
                f"tag can be moved to another image; {FOUND_BY}"
            )
        return cls(match[1], match[2])


def repository(text: str, source: str) -> str:
    """The name of a repository; InputError where it has a tag, a digest or a scheme."""
    if REPOSITORY.fullmatch(text) is None:
        raise InputError(f"{source} is {text[:200]!r}, expected a name such as HOST/OWNER/NAME")
    return text
