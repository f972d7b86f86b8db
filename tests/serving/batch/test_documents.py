"""The name of a unit depends on all that decides its bytes; documents keep their form."""

from __future__ import annotations

from typing import Any

import pytest

from serving.batch.documents import JobSpec, Manifest, Shift, SourceFile, Totals, model_sha256
from serving.strict import DocumentError, parse

JOB = JobSpec(release="r-1", model="abc", unit_rows=10, text_length=100)
SOURCE = SourceFile(path="in.parquet", format="parquet", version="v1", size=5)


@pytest.mark.parametrize(
    "changed",
    [
        {"release": "r-2"},
        {"model": "abd"},
        {"columns": ("a",)},
        {"unit_rows": 11},
        {"text_length": 99},
        {"writer": 2},
    ],
)
def test_another_job_has_other_units(changed: dict[str, Any]) -> None:
    assert JOB.model_copy(update=changed).unit(SOURCE, 0) != JOB.unit(SOURCE, 0)


@pytest.mark.parametrize("changed", [{"path": "b"}, {"format": "csv"}, {"version": "v2"}])
def test_another_file_has_other_units(changed: dict[str, Any]) -> None:
    assert JOB.unit(SOURCE.model_copy(update=changed), 0) != JOB.unit(SOURCE, 0)


def test_a_name_is_the_same_for_ever() -> None:
    """Or jobs that were begun by an earlier version would begin anew."""
    assert JOB.unit(SOURCE, 20) != JOB.unit(SOURCE, 10)
    assert JOB.unit(SOURCE, 10).startswith("c8a8a46152ed27fa")


def manifest(psi: float | None, scored: int) -> Manifest:
    shift = psi is not None and Shift(
        column="score", psi=psi, missing=0, missing_before=0, unseen=0
    )
    return Manifest(
        job=JOB,
        address="in",
        files={"model.onnx": "1"},
        made="2026-11-27T00:00:00+00:00",
        sources=(SOURCE,),
        units=(),
        totals=Totals(rows=scored, scored=scored, refused=0),
        reasons={},
        score=shift or None,
        inputs=(),
    )


@pytest.mark.parametrize(
    ("psi", "scored", "moved"),
    [(0.21, 1000, True), (0.2, 1000, False), (0.21, 999, False), (None, 5000, False)],
)
def test_scores_moved_by_much_and_many(psi: float | None, scored: int, moved: bool) -> None:
    assert manifest(psi, scored).moved is moved


def test_a_manifest_of_a_later_version_is_not_guessed_at() -> None:
    content = manifest(None, 1).model_dump(mode="json")
    assert parse(Manifest, content, source="x") == manifest(None, 1)
    with pytest.raises(DocumentError, match="schema_version"):
        parse(Manifest, content | {"schema_version": 2}, source="x")


def test_the_hash_of_a_model_is_that_of_its_files() -> None:
    assert model_sha256({"a": "1", "b": "2"}) == model_sha256({"b": "2", "a": "1"})
    assert model_sha256({"a": "1"}) != model_sha256({"a": "2"})
