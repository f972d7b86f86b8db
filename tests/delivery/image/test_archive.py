"""An archive has the blobs of the image as they are, and no tag."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from delivery.image.archive import write_archive
from tests.images.base import lay_out


def test_it_has_configuration_and_layers_byte_by_byte(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    image = lay_out(tmp_path / "image", {"srv/file": file})
    out = io.BytesIO()
    write_archive(image, out)
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        found = {entry.name: archive.extractfile(entry).read() for entry in archive}
    (listed,) = json.loads(found.pop("manifest.json"))
    assert listed["RepoTags"] is None
    assert [listed["Config"], *listed["Layers"]] == list(found)
    for name, content in found.items():
        assert hashlib.sha256(content).hexdigest() == name.partition(".")[0]
