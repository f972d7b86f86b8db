"""Documents lie beside an image, found by its digest; tests/images has a registry."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.image.layout import Image, Layout
from delivery.image.reference import Reference
from delivery.release.images import referrers
from delivery.release.images.referrers import PROVENANCE, Attached, attach, attached
from tests.delivery.image.made import files
from tests.images.base import lay_out

SBOM = Attached("application/vnd.cyclonedx+json", "{}\n")
STATEMENT = Attached(PROVENANCE, '{"_type": "…"}')


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Image:
    """In a registry that is a folder for each tag."""
    registry = tmp_path / "registry"

    def push(layout: Layout, name: str, tag: str) -> None:
        shutil.rmtree(registry / name / tag, ignore_errors=True)
        shutil.copytree(layout.folder, registry / name / tag)

    def pull(name: str, tag: str, layout: Layout) -> str:
        if not (registry / name / tag).is_dir():
            return ""
        shutil.copytree(registry / name / tag, layout.folder, dirs_exist_ok=True)
        return layout.listed()

    monkeypatch.setattr(referrers, "push_index", push)
    monkeypatch.setattr(referrers, "pull_index", pull)
    return lay_out(tmp_path / "image", files(tmp_path / "files", {"a": "b"}))


def test_what_is_attached_is_found_once_whatever_comes_later(image: Image) -> None:
    name = Reference("team/online", image.digest)
    assert attached(name) == []
    attach(image, name, [SBOM])
    attach(image, name, [SBOM, STATEMENT])
    assert list(attached(name)) == [SBOM, STATEMENT]
    other = Reference("team/online", f"sha256:{'f' * 64}")
    assert attached(other) == []


def test_a_document_about_another_image_is_refused(image: Image, tmp_path: Path) -> None:
    name = Reference("team/online", image.digest)
    attach(image, name, [SBOM])
    other = f"sha256:{'f' * 64}"
    folder = tmp_path / "registry" / "team/online"
    shutil.copytree(folder / name.digest.replace(":", "-"), folder / other.replace(":", "-"))
    with pytest.raises(InputError, match="is about another image"):
        attached(Reference("team/online", other))


def test_a_changed_document_is_refused(image: Image, tmp_path: Path) -> None:
    name = Reference("team/online", image.digest)
    attach(image, name, [SBOM])
    blobs = (tmp_path / "registry").rglob("blobs/sha256/*")
    (blob,) = (each for each in blobs if each.read_text() == SBOM.text)
    blob.write_text("[]\n")
    with pytest.raises(InputError, match="has other bytes"):
        attached(name)
