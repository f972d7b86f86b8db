"""The simulation of the gates writes its page and its plot, and nothing else on the page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.gates.findings import REQUESTS, ROWS, Arm, Found, Operating
from bench.gates.page import BEGIN, END, PAGE, PLOT, section, write

DOCS = Path(__file__).resolve().parents[2] / "docs" / "gates"


@pytest.fixture
def operating() -> Operating:
    """Two kinds of candidate and one broken slice, with made-up counts."""
    return Operating(
        rows=1_000,
        days=31,
        aucs=(0.70, 0.75),
        champion=(
            Found(Arm("equal", 31), passed=16, failed=1, held=3),
            Found(Arm("2 points of AUC worse", 31, lost=2), passed=0, failed=18, held=2),
            Found(Arm("origin = EWR broken", 31, broken=("origin", "EWR"), rows=400), 0, 20, 0),
        ),
        load={"p99": {"1 × the limit": [0.5] * len(REQUESTS)}, "errors": {}},
        drift={"PSI > 0.2": [0.1] * len(ROWS), "99% quantile": [0.2] * len(ROWS)},
    )


def test_the_section_is_replaced_and_the_rest_of_the_page_stays(
    tmp_path: Path, operating: Operating
) -> None:
    shutil.copy(DOCS / PAGE, tmp_path / PAGE)
    before = (DOCS / PAGE).read_text(encoding="utf-8")
    write(operating, tmp_path)
    after = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert after.split(BEGIN)[0] == before.split(BEGIN)[0]
    assert after.split(END)[1] == before.split(END)[1]
    assert section(operating) in after
    assert (tmp_path / PLOT).read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_a_page_without_marks_is_named(tmp_path: Path, operating: Operating) -> None:
    (tmp_path / PAGE).write_text("# No marks\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=PAGE):
        write(operating, tmp_path)


def test_the_prose_on_the_page_is_what_the_simulation_writes(operating: Operating) -> None:
    """The figures differ, the sentences without figures do not."""
    page = (DOCS / PAGE).read_text(encoding="utf-8")
    lines = [line for line in section(operating).splitlines() if not line.startswith("|")]
    fixed = [line for line in lines if line and not line.startswith(("The pipeline", "Each line"))]
    assert [line for line in fixed if line not in page] == []
