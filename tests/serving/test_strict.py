"""A document that does not fit is refused with the path of each key that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from serving.strict import DocumentError, Strict, parse


class Inner(Strict):
    share: float


class Outer(Strict):
    name: str
    inner: Inner


GOOD: dict[str, Any] = {"name": "a", "inner": {"share": 0.5}}


def test_a_document_that_fits_is_frozen() -> None:
    outer = parse(Outer, GOOD, source="file.yaml")
    assert outer.inner.share == 0.5
    with pytest.raises(ValueError, match="frozen"):
        outer.name = "b"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "file.yaml: expected a mapping, found NoneType"),
        ([GOOD], "file.yaml: expected a mapping, found list"),
        (GOOD | {"speed": 1}, "file.yaml: speed: unknown key"),
        ({"name": "a"}, "file.yaml: inner: missing"),
        (GOOD | {"inner": {"share": "x"}}, r"file.yaml: inner\.share: .*found 'x'"),
        (GOOD | {"inner": {"share": float("nan")}}, r"inner\.share: .*finite"),
        ({"speed": 1}, "name: missing; inner: missing; speed: unknown key"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(content: Any, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse(Outer, content, source="file.yaml")
