"""What lies beside an image is held to the image itself, and to its release."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.image.layout import Image
from delivery.image.reference import Reference
from delivery.release.images.described import documents, provenance_beside, sbom_beside
from delivery.release.images.referrers import Attached
from delivery.release.images.statement import Statement
from tests.delivery.image.made import files
from tests.delivery.imaged import BASE, NAME, ONE
from tests.delivery.release.images.test_sbom import HEAD, LIBC, WHEEL
from tests.images.base import lay_out
from tests.origin import record


@pytest.fixture
def image(tmp_path: Path) -> Image:
    contents = {"var/lib/dpkg/status": LIBC, WHEEL: HEAD}
    return lay_out(tmp_path / "image", files(tmp_path / "files", contents))


def statement(image: Image, builder: str = "urn:one") -> Statement:
    name = Reference(NAME, image.digest)
    return Statement.about(name, image.config_digest, record(ONE), BASE).by(builder)


def test_what_was_made_is_in_order(image: Image) -> None:
    name, made = Reference(NAME, image.digest), documents(image, statement(image))
    again = [*made, *documents(image, statement(image, "urn:two"))]
    assert sbom_beside(image, name, again) == "2 packages, 1 of them of the base"
    said = provenance_beside(record(ONE), name, again)
    assert "urn:one" in said
    assert "urn:two" in said
    assert str(BASE) in said


def test_without_documents_it_says_what_brings_them(image: Image) -> None:
    name = Reference(NAME, image.digest)
    other = [Attached("application/vnd.dev.sigstore.bundle.v0.3+json", "{}")]
    with pytest.raises(InputError, match=r"has no SBOM of.*image build --push"):
        sbom_beside(image, name, other)
    with pytest.raises(InputError, match="has no provenance of"):
        provenance_beside(record(ONE), name, other)


def test_a_package_that_is_not_listed_is_named(image: Image) -> None:
    name, (sbom, _) = Reference(NAME, image.digest), documents(image, statement(image))
    content = json.loads(sbom.text)
    content["components"].pop()
    with pytest.raises(InputError, match=r"differ in pkg:pypi/typing-extensions@4\.1"):
        sbom_beside(image, name, [sbom, replace(sbom, text=json.dumps(content))])
    with pytest.raises(InputError, match="is not CycloneDX"):
        sbom_beside(image, name, [replace(sbom, text="[]")])


def test_provenance_of_another_image_or_release_is_refused(image: Image) -> None:
    name, (_, said) = Reference(NAME, image.digest), documents(image, statement(image))
    other = Reference(NAME, f"sha256:{'f' * 64}")
    with pytest.raises(InputError, match="is about"):
        provenance_beside(record(ONE), other, [said])
    with pytest.raises(InputError, match="is about"):
        provenance_beside(record("r-222222222222"), name, [said])
