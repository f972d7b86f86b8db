"""The record of a release: what is written is read back, and an edited one is named."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.state.record import (
    Record,
    parse_record,
    pointer_path,
    record_path,
    render_record,
    sbom_path,
    signature_path,
)
from tests.origin import record

ONE = "r-111111111111"
DIGITS = record(ONE).model_copy(
    update={"bento_sha256": "1" * 64, "trained_until": "2013-06-30", "executes_code": True}
)


@pytest.mark.parametrize("made", [record(ONE), DIGITS])
def test_parsing_is_the_inverse_of_rendering(made: Record) -> None:
    assert parse_record(render_record(made), "x") == made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"id: {ONE}", "id: r-1"),
        ("task:", "tasks:"),
        ("executes_code: false", "executes_code: perhaps"),
        ("schema_version: 1\n", "schema_version: 1\nextra: 1\n"),
    ],
)
def test_a_record_that_was_edited_is_named(old: str, new: str) -> None:
    text = render_record(record(ONE)).replace(old, new, 1)
    with pytest.raises(InputError, match=r"releases/x.*never edited"):
        parse_record(text, "releases/x")


def test_what_belongs_to_a_release_lies_beside_its_record() -> None:
    paths = [path(ONE) for path in (record_path, pointer_path, signature_path, sbom_path)]
    assert paths == [f"releases/{ONE}{end}" for end in (".yaml", ".dvc", ".sig", ".cdx.json")]
