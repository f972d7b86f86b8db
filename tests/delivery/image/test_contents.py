"""What a container finds is what its layers leave of each other."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from delivery.documents import canonical
from delivery.errors import InputError
from delivery.image.contents import contents, texts
from delivery.image.layout import CONFIG, LAYER, Descriptor, Image
from tests.delivery.image.made import archive, empty


def entry(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.mode = kind, mode
    return made


def image(folder: Path, *layers: Sequence[tarfile.TarInfo], lies: bool = False) -> Image:
    """An image of archives; `lies` names another archive in its configuration."""
    layout, blobs, diff_ids = empty(folder), [], []
    for members in layers:
        plain = archive(members)
        packed = gzip.compress(plain, mtime=0)
        digest = f"sha256:{hashlib.sha256(packed).hexdigest()}"
        layout.path(digest).write_bytes(packed)
        blobs.append(Descriptor(LAYER, digest, len(packed)).to_json())
        diff_ids.append(f"sha256:{hashlib.sha256(plain).hexdigest()}")
    if lies:
        diff_ids[0] = "sha256:" + "0" * 64
    config = layout.put(CONFIG, canonical({"rootfs": {"diff_ids": diff_ids}}))
    manifest = {"config": config.to_json(), "layers": blobs}
    return layout.image(layout.publish(manifest, "image"))


def test_a_later_layer_lies_over_an_earlier_one(tmp_path: Path) -> None:
    found = contents(
        image(
            tmp_path,
            [entry("a"), entry("etc/gone"), entry("old/x"), entry("was/file")],
            [entry("a", mode=0o600), entry("etc/.wh.gone"), entry("old/.wh..wh..opq"),
             entry("old/y"), entry("was")],
        )
    )  # fmt: skip
    assert sorted(found) == ["a", "old/y", "was"]
    assert (found["a"].mode, found["a"].layer) == (0o600, 1)
    assert found["a"].sha256 == hashlib.sha256(b"a").hexdigest()


def test_a_folder_named_again_keeps_its_files(tmp_path: Path) -> None:
    folder = entry("etc", tarfile.DIRTYPE, 0o755)
    found = contents(image(tmp_path, [folder, entry("etc/a")], [entry("etc", tarfile.DIRTYPE)]))
    assert sorted(found) == ["etc", "etc/a"]


def test_a_removed_folder_takes_its_files_along(tmp_path: Path) -> None:
    assert sorted(contents(image(tmp_path, [entry("etc/a"), entry("b")], [entry(".wh.etc")]))) == [
        "b"
    ]


def test_a_hard_link_has_the_bytes_of_its_target(tmp_path: Path) -> None:
    link = entry("b", tarfile.LNKTYPE)
    link.linkname = "a"
    found = contents(image(tmp_path, [entry("a"), link]))
    assert found["b"].sha256 == found["a"].sha256 != ""


def test_a_layer_that_is_another_than_the_configuration_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the layer sha256:000"):
        contents(image(tmp_path, [entry("a")], lies=True))


def test_a_path_that_climbs_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="climbs out"):
        contents(image(tmp_path, [entry("opt/../../etc/passwd")]))


def test_a_layer_in_another_compression_is_named(tmp_path: Path) -> None:
    layout = empty(tmp_path)
    digest = f"sha256:{hashlib.sha256(b'zstd').hexdigest()}"
    layout.path(digest).write_bytes(b"zstd")
    config = layout.put(CONFIG, canonical({"rootfs": {"diff_ids": [digest]}}))
    blobs = [Descriptor(LAYER, digest, 4).to_json()]
    digest = layout.publish({"config": config.to_json(), "layers": blobs}, "image")
    with pytest.raises(InputError, match="no layer in gzip"):
        contents(layout.image(digest))


def test_texts_are_those_that_a_container_would_find(tmp_path: Path) -> None:
    """Each file of these layers holds its own name, so what is read is seen by where it lies."""
    made = image(
        tmp_path, [entry("a"), entry("b/c"), entry("gone")], [entry("b/c"), entry(".wh.gone")]
    )
    assert texts(made, lambda path: path != "a") == {"b/c": "b/c"}
    assert texts(made, lambda path: path == "a") == {"a": "a"}
    assert texts(made, lambda _: False) == {}
