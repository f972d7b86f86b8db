"""The gate `artefact` looks at every file of a bento, and not only at the model's."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from delivery.evidence.supply_chain.artefact import opaque, scan


def test_the_whole_bento_is_looked_at(tmp_path: Path) -> None:
    for folder in ("src/artifacts/model", "env/python", "models"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "notes.txt").write_bytes(pickle.dumps({"weights": [1.0]}))
    evidence = scan(tmp_path, executes_code=False)
    assert set(evidence.opaque) == set(evidence.sizes)
    assert len(evidence.opaque) == 3
    assert set(evidence.opaque.values()) == {"a pickle"}


@pytest.mark.parametrize("name", ["fast.so", "module.PYC", "library.dll"])
def test_compiled_code_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("harmless")
    assert opaque(tmp_path / name).startswith("compiled code")
