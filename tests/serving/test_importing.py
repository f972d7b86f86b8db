"""The code of a fork is imported anew each time, and its errors fit a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.importing import import_predictor, one_line


def test_the_package_is_imported_anew_with_its_own_parts(tmp_path: Path) -> None:
    for folder, value in (("one", 1), ("two", 2)):
        home = tmp_path / folder / "predictor"
        home.mkdir(parents=True)
        (home / "part.py").write_text(f"VALUE = {value}\n")
        (home / "__init__.py").write_text("from predictor.part import VALUE\n")
        assert value == import_predictor(home).VALUE
        assert not (home / "__pycache__").exists()


def test_whatever_its_code_raises_is_raised(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        import_predictor(tmp_path)


def test_an_error_fits_one_line() -> None:
    assert one_line(ValueError("a\n  b")) == "ValueError: a b"
    assert len(one_line(ValueError("x" * 1_000))) == len("ValueError: ") + 300
