"""docs/model.md shows the minimal model as it is tested."""

from __future__ import annotations

import pytest

from tests.checkout import MODELS, ROOT

MINIMAL = MODELS / "minimal"
FILES = ("model/__init__.py", "params.yaml")


@pytest.mark.parametrize("name", FILES)
def test_the_docs_show_the_minimal_model_as_it_is(name: str) -> None:
    docs = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    assert (MINIMAL / name).read_text(encoding="utf-8") in docs


def test_the_minimal_model_has_at_most_60_lines() -> None:
    lines = [len((MINIMAL / name).read_text(encoding="utf-8").splitlines()) for name in FILES]
    assert sum(lines) <= 60


def test_the_flights_example_has_fewer_than_250_lines() -> None:
    files = (ROOT / "model").glob("*.py")
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) < 250
