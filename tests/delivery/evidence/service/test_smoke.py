"""An instance is asked who it is; what is no answer is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from delivery.bento.digest import file_hashes
from delivery.evidence.service.smoke import observe
from tests.delivery.evidence.trials import live, tiny_bento
from tests.delivery.standin import halves, standin


def test_the_answer_stands_beside_the_bytes_on_disk(tmp_path: Path) -> None:
    bento, reply = tiny_bento(tmp_path), {"release": "r-9", "files": {}}
    lines: list[str] = []
    with standin(halves, reply) as url:
        evidence = observe(live(bento, url, progress=lines.append))
    assert (evidence.release, evidence.files) == ("r-1", file_hashes(bento.model))
    assert evidence.answer == reply
    assert lines == [f"asking r-1 at {url} who it is"]


@pytest.mark.parametrize("reply", [None, [], "r-1"])
def test_an_answer_of_another_form_is_none(tmp_path: Path, reply: Any) -> None:
    with standin(halves, reply) as url:
        assert observe(live(tiny_bento(tmp_path), url)).answer is None


def test_silence_is_told_with_the_address(tmp_path: Path) -> None:
    evidence = observe(live(tiny_bento(tmp_path), "http://127.0.0.1:9"))
    assert evidence.answer is None
    assert evidence.missing.startswith("http://127.0.0.1:9/release: ConnectError")
