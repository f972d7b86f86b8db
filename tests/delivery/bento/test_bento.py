"""A bento is a folder: its model, its hash, its contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import content_sha256
from delivery.errors import InputError
from serving.contract import read_contract
from tests.serving.tiny import write_tiny_model


@pytest.fixture
def bento(tmp_path: Path) -> Bento:
    made = Bento("r-000000000001", tmp_path / "r-000000000001")
    made.model.mkdir(parents=True)
    (made.path / "bento.yaml").touch()
    return made


def test_its_contract_is_that_of_its_model(bento: Bento) -> None:
    write_tiny_model(bento.model)
    assert bento.contract == read_contract(bento.path / "src" / "artifacts" / "model")


@pytest.mark.parametrize("content", [None, "", "{}", '{"name": "x"}'])
def test_a_contract_that_cannot_be_read_is_named_with_the_release(
    bento: Bento, content: str | None
) -> None:
    if content is not None:
        (bento.model / "contract.json").write_text(content)
    with pytest.raises(InputError, match=r"^r-000000000001: .*contract\.json"):
        _ = bento.contract


def test_its_hash_is_over_every_file_and_read_once(bento: Bento) -> None:
    before = bento.sha256
    assert before == content_sha256(bento.path)
    (bento.path / "more").touch()
    assert bento.sha256 == before
    assert Bento(bento.id, bento.path).sha256 != before
