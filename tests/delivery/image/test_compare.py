"""Two images that differ say where."""

from __future__ import annotations

from pathlib import Path

from delivery.image.compare import differences
from tests.delivery.image.made import base
from tests.images.base import lay_out


def test_the_same_input_in_two_places_differs_nowhere(tmp_path: Path) -> None:
    assert differences(base(tmp_path / "a"), base(tmp_path / "b")) == ()


def test_layer_and_file_are_named(tmp_path: Path) -> None:
    found = differences(base(tmp_path / "a"), base(tmp_path / "b", "another program"))
    assert found == ("layer 0: /usr/bin/python3.11",)


def test_a_configuration_that_differs_names_its_key(tmp_path: Path) -> None:
    other = lay_out(
        tmp_path / "other",
        {"usr/bin/python3.11": base(tmp_path).layout.folder.parent / "files/usr/bin/python3.11"},
        User="0",
    )
    assert differences(base(tmp_path / "a"), other) == ("configuration: User is None and '0'",)
