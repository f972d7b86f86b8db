"""One value of params.yaml is changed, and nothing else in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.retraining.params import override

TEXT = """\
data:
  until: "2013-07" # the newest month
  roles: { label: late,   row_id: flight_id }
train: { seed: 42 }
model: {fit: {rate: 0.03}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize(
    ("setting", "old", "new"),
    [
        ("data.until=2013-08", '"2013-07"', '"2013-08"'),
        ("train.seed=7", "42", "7"),
        ("model.fit.rate=0.1", "0.03", "0.1"),
    ],
)
def test_the_value_alone_changes(file: Path, setting: str, old: str, new: str) -> None:
    override(file, setting)
    assert file.read_text() == TEXT.replace(old, new)


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("data.until", "KEY=VALUE"),
        ("data.since=1", "has no data.since"),
        ("data=1", "is a section"),
        ("train.seed=7 }\nevil: { a: 1", "not one plain value"),
        ("train.seed=7, evil: 1", "not one plain value"),
        ("train.seed=[1, 2]", "not one plain value"),
        ('data.until=2013" # "', 'stands in "'),
        ("model.fit.rate=1 # x", "not one plain value"),
    ],
)
def test_what_is_not_one_value_is_refused_and_changes_nothing(
    file: Path, setting: str, text: str
) -> None:
    with pytest.raises(InputError, match=text):
        override(file, setting)
    assert file.read_text() == TEXT
