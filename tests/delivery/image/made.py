"""Small images: layers of a few files, without Python in them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from delivery.image.layout import Image, Layout
from delivery.state.record import Record
from tests.images.base import lay_out
from tests.origin import record as record_of

ID = "r-111111111111"


def files(folder: Path, contents: Mapping[str, str]) -> dict[str, Path]:
    """Path in the image → a file here with that text."""
    made = {}
    for name, text in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        made[name] = file
    return made


def base(folder: Path, text: str = "program") -> Image:
    return lay_out(folder / "base", files(folder / "files", {"usr/bin/python3.11": text}))


def archive(members: Sequence[tarfile.TarInfo]) -> bytes:
    """A layer's archive with members that nobody should make; each file holds its own name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            content = member.name.encode() if member.isreg() else b""
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def record(sha256: str = "1" * 64) -> Record:
    return record_of(ID).model_copy(update={"bento_sha256": sha256})


def empty(folder: Path) -> Layout:
    layout = Layout(folder)
    layout.create()
    return layout
