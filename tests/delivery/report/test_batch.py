"""The page of a job is whole in itself, and what comes from outside is escaped."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.errors import HeldError, RefusedError
from delivery.gates.verdict import Verdict
from delivery.report.batch import batch_html, batch_markdown
from serving.batch.documents import JobSpec, Manifest, Shift, SourceFile, Totals


def shift(column: str, psi: float) -> Shift:
    return Shift(column=column, psi=psi, missing=0.1, missing_before=0.05, unseen=0.02)


def manifest(**fields: Any) -> Manifest:
    """Of a job of 5,000 rows, some of them refused."""
    usual: dict[str, Any] = {
        "job": JobSpec(release="r-111111111111", model="a" * 64, unit_rows=10, text_length=10),
        "address": "s3://bucket/<b>in</b>",
        "files": {"model.onnx": "1"},
        "made": "2026-11-27T00:00:00+00:00",
        "sources": (SourceFile(path="<i>.csv", format="csv", version="v" * 64, size=1234),),
        "units": (),
        "totals": Totals(rows=5000, scored=4990, refused=10),
        "reasons": {"distance: range": 10},
        "score": shift("score", 0.3),
        "inputs": (shift("w|nd", 0.25), shift("hour", 0.01)),
    }
    return Manifest(**(usual | fields))


def test_the_page_needs_nothing_else_and_escapes() -> None:
    page = batch_html(manifest(), "out", None)
    for outside in ("http:", "https:", "<script", "<link", "url(", "@import", "src="):
        assert outside not in page
    assert "&lt;b&gt;in&lt;/b&gt;" in page
    assert "&lt;i&gt;.csv" in page
    for shown in ("5,000 rows", "4,990 scored", "10 refused", "distance: range", "0.300 much"):
        assert shown in page
    assert "Published in out." in page


@pytest.mark.parametrize(
    ("failure", "word"), [(HeldError("look"), "held"), (RefusedError("bad"), "refused")]
)
def test_a_failure_is_what_comes_first(failure: Any, word: str) -> None:
    page = batch_html(manifest(), "out", failure)
    assert f'class="outcome {word}"' in page
    assert f'<p class="decision">{failure}</p>' in page
    assert "Published" not in page


def test_how_another_release_compares_is_told() -> None:
    verdict = Verdict("shadow", "hold", "7% of answers changed", "at most 5%", "<b>look</b>")
    page = batch_html(manifest(), "out", None, verdict)
    for shown in ("Compared", "7% of answers changed", "at most 5%", "&lt;b&gt;look"):
        assert shown in page
    assert "Compared" not in batch_html(manifest(), "out", None)


def test_few_rows_say_little() -> None:
    few = manifest(totals=Totals(rows=5, scored=5, refused=0), reasons={}, score=None, inputs=())
    page = batch_html(few, "out", None)
    assert "Fewer than 1,000 rows say little about drift." in page
    assert "Against training" not in page
    assert "<h2>Refused" not in page


def test_the_summary_of_a_job_names_what_moved() -> None:
    text = batch_markdown(manifest(), "out", None)
    assert "| 5,000 | 4,990 | 10 |" in text
    assert "| w\\|nd | 0.250 | 10.0% | 2.0% |" in text
    assert "hour" not in text
