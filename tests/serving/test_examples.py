"""Examples are read line by line, and a line that is none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.contract import EXAMPLES
from serving.examples import Example, read_examples
from serving.strict import DocumentError


def test_each_line_is_a_row_and_its_answer(tmp_path: Path) -> None:
    (tmp_path / EXAMPLES).write_text('{"instance": {"a": 1}, "prediction": 0.5}\n')
    assert read_examples(tmp_path) == (Example({"a": 1}, 0.5),)


@pytest.mark.parametrize("line", ["{", "[]", '{"instance": {}}', '{"prediction": 1}'])
def test_a_line_that_is_no_example_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / EXAMPLES).write_text(f'{{"instance": {{}}, "prediction": 1}}\n{line}\n')
    with pytest.raises(DocumentError, match="line 2 is not an example"):
        read_examples(tmp_path)


def test_a_missing_file_says_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="dvc repro"):
        read_examples(tmp_path)
