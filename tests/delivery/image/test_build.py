"""The same release on the same base gives the same image in two places."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import content_sha256, file_hashes
from delivery.bento.environment import LOCK
from delivery.errors import InputError
from delivery.image.build import build_command, build_image, python_of
from delivery.image.compare import differences
from delivery.image.contents import contents
from delivery.image.findings import findings
from delivery.image.layout import Image
from delivery.image.reference import Reference
from tests.delivery.image.made import ID, base, record
from tests.delivery.image.test_packages import bento as with_lock


def unpacked(image: Image) -> list[int]:
    blobs = (image.layout.path(blob.digest).read_bytes() for blob in image.layers)
    return [len(gzip.decompress(blob)) for blob in blobs]


NAME = Reference("example/python", "sha256:" + "a" * 64)


def bento(folder: Path, *package: str) -> Bento:
    """One whose lock has a toy package, with the path of its wheel."""
    path = with_lock(folder, *package)
    (path / "bento.yaml").write_text("image:\n  python_version: '3.11'\n")
    (path / "src").mkdir()
    (path / "src" / "service.py").write_text("print(1)\n")
    return Bento(ID, path)


def test_two_places_give_one_configuration_and_the_same_layers(tmp_path: Path) -> None:
    one = bento(tmp_path)
    about = record(one.sha256)
    places = [tmp_path / "a" / "image", tmp_path / "another" / "place"]
    first, second = (
        build_image(one, about, base(place.parent / place.name), NAME, place).image
        for place in places
    )
    assert first.config_digest == second.config_digest
    assert first.diff_ids == second.diff_ids
    assert first.digest == second.digest
    assert differences(first, second) == ()


def test_it_carries_the_bento_and_the_packages_and_nothing_is_wrong(tmp_path: Path) -> None:
    one = bento(tmp_path)
    built = build_image(one, record(one.sha256), base(tmp_path), NAME, tmp_path / "image")
    found = contents(built.image)
    assert "opt/packages/toy.py" in found
    assert findings(built.image.config, found, file_hashes(one.path)) == []
    assert [title for title, _, _ in built.sizes] == ["base", "Python packages", "bento"]
    packed = [blob.size for blob in built.image.layers]
    assert [small for _, _, small in built.sizes] == packed
    assert [large for _, large, _ in built.sizes] == unpacked(built.image)
    assert not list((tmp_path / "image").glob("*.lock"))


def test_a_changed_bento_changes_its_layer_alone(tmp_path: Path) -> None:
    one = bento(tmp_path)
    first = build_image(one, record(one.sha256), base(tmp_path), NAME, tmp_path / "first").image
    (one.path / "src" / "service.py").write_text("print(2)\n")
    sha256 = content_sha256(one.path)
    other = Bento(ID, one.path)
    second = build_image(other, record(sha256), base(tmp_path), NAME, tmp_path / "second").image
    assert differences(first, second)[0] == "layer 2: /opt/bento/src/service.py"
    assert first.diff_ids[:2] == second.diff_ids[:2]


def test_another_bento_than_the_records_is_refused(tmp_path: Path) -> None:
    one = bento(tmp_path)
    with pytest.raises(InputError, match="is not the bento of"):
        build_image(one, record("0" * 64), base(tmp_path), NAME, tmp_path / "image")


def test_a_bento_that_names_no_python_is_refused(tmp_path: Path) -> None:
    one = bento(tmp_path)
    (one.path / "bento.yaml").write_text("name: online\n")
    with pytest.raises(InputError, match="names no python_version"):
        python_of(one)


def test_the_image_of_delivery_has_programs_that_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packages, and of their programs those that it calls; none of its code."""
    monkeypatch.setattr("delivery.image.build.PROGRAMS", ("toy",))
    below, lock = base(tmp_path), with_lock(tmp_path) / LOCK
    first, second = (
        build_command(lock, "c" * 40, below, NAME, tmp_path / name).image for name in ("a", "b")
    )
    found = contents(first)
    assert found["usr/local/bin/toy"].mode == 0o755
    assert found["opt/packages/toy.py"].mode == 0o644
    assert not [path for path in found if path.startswith("opt/packages/bin")]
    config = first.config["config"]
    assert config["Entrypoint"] == ["python3.11", "-m", "delivery"]
    assert config["User"] == "65532:65532"
    assert config["Labels"]["org.opencontainers.image.revision"] == "c" * 40
    assert first.digest == second.digest
