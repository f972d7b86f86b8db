"""Archives are looked into within bounds."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from serving.model.unpacking import FILES, MOST, Budget, UnreadableError, is_archive, parts


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    held.seek(0)
    return held


def test_an_archive_has_the_parts_that_were_put_in() -> None:
    found = list(parts(zipped({"a": b"one", "b": b"two"}), Budget.of(100)))
    assert len(found) >= 2


@pytest.mark.parametrize(
    "content", [gzip.compress(b"x"), zipped({"a": b""}).getvalue()], ids=["gzip", "zip"]
)
def test_an_archive_is_known_by_its_head(content: bytes) -> None:
    assert is_archive(content[:512])


def test_text_is_no_archive() -> None:
    assert not is_archive(b"weights: 1\n")


def test_the_budget_ends_after_so_many_bytes_and_parts() -> None:
    budget = Budget.of(1)
    budget.take(MOST)
    with pytest.raises(UnreadableError, match="holds more"):
        budget.take(1)
    budget = Budget.of(1)
    for _ in range(FILES):
        budget.part()
    with pytest.raises(UnreadableError, match=f"more than {FILES} files"):
        budget.part()
