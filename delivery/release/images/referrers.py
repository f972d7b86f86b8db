"""Documents about an image that lie beside it in its registry: OCI referrers.

Each is a manifest whose `subject` is the image. Registries that do not list referrers by themselves
have the list under a tag, as the distribution specification says: `sha256-<64 hex>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from delivery.documents import canonical
from delivery.errors import InputError
from delivery.image.layout import INDEXES, MANIFEST, Image, Layout
from delivery.image.reference import Reference
from delivery.image.registry import pull_index, push_index

INDEX = INDEXES[0]
EMPTY = "application/vnd.oci.empty.v1+json"
PROVENANCE = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Attached:
    """A document beside an image: its media type and its text."""

    media_type: str
    text: str


def attach(image: Image, name: Reference, documents: Sequence[Attached]) -> None:
    """Push `documents` as referrers of `image`, beside those that are there. What is there already
    stays once.

    Raises:
        TargetError: the registry does not take them.
    """
    with TemporaryDirectory(prefix="referrers-") as folder:
        layout, there = _fetched(name, Path(folder))
        known = {item["digest"] for item in there}
        subject = {
            "mediaType": MANIFEST,
            "digest": image.digest,
            "size": image.layout.path(image.digest).stat().st_size,
        }
        made = [_manifest(layout, subject, document) for document in documents]
        listed = [*there, *(item for item in made if item["digest"] not in known)]
        if listed != there:
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
            layout.publish(index, _tag(name), INDEX)
            push_index(layout, name.name, _tag(name))


def attached(name: Reference) -> Sequence[Attached]:
    """The documents beside an image. Those of other tools are among them.

    Raises:
        InputError: what the registry gives is damaged, or about another image.
        TargetError: the registry does not answer.
    """
    with TemporaryDirectory(prefix="referrers-") as folder:
        layout, there = _fetched(name, Path(folder))
        return [
            document for item in there for document in _documents(layout, str(item["digest"]), name)
        ]


def _fetched(name: Reference, folder: Path) -> tuple[Layout, list[Mapping[str, Any]]]:
    """A layout with the list of the registry and all of it; empty where there is none."""
    layout = Layout(folder)
    layout.create()
    digest = pull_index(name.name, _tag(name), layout)
    return layout, list(layout.document(digest)["manifests"]) if digest else []


def _manifest(layout: Layout, subject: Mapping[str, Any], document: Attached) -> Mapping[str, Any]:
    content = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": document.media_type,
        "config": layout.put(EMPTY, b"{}").to_json(),
        "layers": [layout.put(document.media_type, document.text.encode()).to_json()],
        "subject": subject,
    }
    return layout.put(MANIFEST, canonical(content)).to_json()


def _documents(layout: Layout, digest: str, name: Reference) -> Sequence[Attached]:
    manifest = layout.document(digest)
    if (manifest.get("subject") or {}).get("digest") != name.digest:
        raise InputError(f"{name}: its referrer {digest} is about another image")
    return [
        Attached(str(layer["mediaType"]), layout.checked(str(layer["digest"])).read_text("utf-8"))
        for layer in manifest["layers"]
    ]


def _tag(name: Reference) -> str:
    return name.digest.replace(":", "-")
