"""A page is made of a template of its own room and of what all pages share."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from delivery.report.template import render


def write(folder: Path, text: str) -> None:
    (folder / "page.html").write_text(text, encoding="utf-8")


def test_what_comes_from_outside_is_escaped(tmp_path: Path) -> None:
    write(tmp_path, "{{ name }}")
    assert render("page.html", {"name": "<b>"}, folder=tmp_path) == "&lt;b&gt;"


def test_every_page_has_the_style_of_all(tmp_path: Path) -> None:
    write(tmp_path, '{% include "report.css" %}')
    assert "--candidate" in render("page.html", {}, folder=tmp_path)


def test_a_name_that_nobody_gave_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "{{ nobody }}")
    with pytest.raises(UndefinedError):
        render("page.html", {}, folder=tmp_path)


def test_a_page_has_filters_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "{{ 2 | twice }}")
    assert render("page.html", {}, folder=tmp_path, filters={"twice": lambda n: 2 * n}) == "4"
