"""What lies beside an image in its registry, made and looked at again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from delivery.errors import InputError
from delivery.gates.verdict import listed
from delivery.image.layout import Image
from delivery.image.reference import Reference
from delivery.release.images.referrers import PROVENANCE, Attached
from delivery.release.images.sbom import MEDIA_TYPE, make_image_sbom, packages
from delivery.release.images.statement import Statement, parse_statement
from delivery.state.record import Record

NAMED = 3


def documents(image: Image, statement: Statement) -> Sequence[Attached]:
    """The SBOM of `image`, and where it comes from. Neither is signed."""
    sbom = make_image_sbom(image, statement.image)
    return Attached(MEDIA_TYPE, sbom), Attached(PROVENANCE, statement.payload.decode())


def sbom_beside(image: Image, name: Reference, found: Sequence[Attached]) -> str:
    """In words, what the SBOM beside an image says. InputError where there is none, or where it
    lists other packages than the image has."""
    there = {package.purl for package in packages(image)}
    for text in _texts(found, MEDIA_TYPE, f"SBOM of {name}"):
        if wrong := sorted(_listed(text, name) ^ there):
            raise InputError(
                f"the SBOM beside {name} and the image differ in {listed(wrong, NAMED)}"
            )
    base = sum(purl.startswith("pkg:deb/") for purl in there)
    return f"{len(there)} packages, {base} of them of the base"


def provenance_beside(record: Record, name: Reference, found: Sequence[Attached]) -> str:
    """In words, what the provenance beside an image says. InputError where there is none of ours,
    or where it is about another image or release."""
    builders = {}  # the same image may have been made more than once
    for text in _texts(found, PROVENANCE, f"provenance of {name}"):
        statement = parse_statement(text.encode(), f"the provenance beside {name}")
        about = (statement.image.digest, statement.release, statement.bento_sha256)
        if about != (name.digest, record.id, record.bento_sha256):
            raise InputError(
                f"the provenance beside {name} is about {statement.image} of {statement.release}"
            )
        builders[statement.builder] = statement.base
    made = ", ".join(f"by {builder} on {base}" for builder, base in builders.items())
    return f"made {made}; whoever built it says so, unsigned"


def _texts(found: Sequence[Attached], media_type: str, what: str) -> Sequence[str]:
    texts = [each.text for each in found if each.media_type == media_type]
    if not texts:
        raise InputError(f"the registry has no {what}; `delivery image build --push` brings it")
    return texts


def _listed(text: str, name: Reference) -> set[str]:
    try:
        content: Mapping[str, list[Mapping[str, str]]] = json.loads(text)
        return {part["purl"] for part in content["components"]}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"the SBOM beside {name} is not CycloneDX ({error!r})") from error
