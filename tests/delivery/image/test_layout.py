"""A layout gives nothing whose bytes are not what it is named by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.documents import canonical
from delivery.errors import InputError
from delivery.image.layout import Layout
from tests.delivery.image.made import base, empty


def test_what_was_published_is_found(tmp_path: Path) -> None:
    image = base(tmp_path)
    found = Layout(tmp_path / "base").image()
    assert found.digest == image.digest
    assert found.config["os"] == "linux"
    assert len(found.layers) == len(found.diff_ids) == 1


def test_a_changed_blob_is_refused(tmp_path: Path) -> None:
    image = base(tmp_path)
    config = image.layout.path(image.config_digest)
    config.write_text(config.read_text().replace("linux", "Linux"))
    with pytest.raises(InputError, match="other bytes than its name says"):
        _ = Layout(tmp_path / "base").image().config


def test_a_missing_blob_is_named(tmp_path: Path) -> None:
    image = base(tmp_path)
    image.layout.path(image.digest).unlink()
    with pytest.raises(InputError, match=f"has no blob {image.digest}"):
        Layout(tmp_path / "base").image()


def test_an_index_of_many_platforms_gives_ours(tmp_path: Path) -> None:
    image = base(tmp_path)
    layout = image.layout
    own = layout.document(image.digest)
    entry = {"mediaType": own["mediaType"], "digest": image.digest, "size": 1}
    other = {**entry, "digest": "sha256:" + "0" * 64}
    index = {
        "schemaVersion": 2,
        "manifests": [
            {**other, "platform": {"os": "linux", "architecture": "arm64"}},
            {**entry, "platform": {"os": "linux", "architecture": "amd64"}},
            {**other, "platform": {"os": "unknown", "architecture": "unknown"}},
        ],
    }
    blob = layout.put("application/vnd.oci.image.index.v1+json", canonical(index))
    top = {"schemaVersion": 2, "manifests": [blob.to_json()]}
    (layout.folder / "index.json").write_bytes(canonical(top))
    assert layout.image().digest == image.digest


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not JSON"),
        ("[]", "is not a JSON object"),
        (json.dumps({"manifests": []}), "has 0 images"),
        (json.dumps({"manifests": [{"digest": "x"}, {"digest": "y"}]}), "has 2 images"),
    ],
)
def test_an_index_without_one_image_is_refused(tmp_path: Path, text: str, why: str) -> None:
    layout = empty(tmp_path)
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(InputError, match=why):
        layout.image()


def test_a_folder_that_is_no_layout_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no OCI layout"):
        Layout(tmp_path).image()


def test_what_a_layout_has_is_one_thing(tmp_path: Path) -> None:
    layout = empty(tmp_path)
    digest = layout.publish({"manifests": []}, "list", "application/vnd.oci.image.index.v1+json")
    assert layout.listed() == digest
    (tmp_path / "index.json").write_text('{"manifests": []}')
    with pytest.raises(InputError, match="has 0 manifests, expected one"):
        layout.listed()
