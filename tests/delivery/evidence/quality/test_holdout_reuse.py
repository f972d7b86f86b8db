"""Looks at a holdout are counted on origin, each model once."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pandas as pd
import pytest

from delivery.evidence.quality.holdout_reuse import look, rows_sha256
from delivery.gates.quality.holdout_reuse import Evidence
from delivery.git.refs import LOOKS
from delivery.git.repository import Repository
from tests.delivery.bentos import write_splits
from tests.origin import Origin
from tests.serving.tiny import ROLES, tiny_frame

REFUSING = "#!/bin/sh\necho read only >&2\nexit 1\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_splits(tmp_path / "data", {"holdout": tiny_frame(40)})


def model(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    (made / "model.onnx").write_text(name)
    return made


def numbers(origin: Origin) -> list[str]:
    refs = origin.git("ls-remote", "origin", f"{LOOKS}/*").splitlines()
    return sorted(ref.rpartition("/")[2] for ref in refs)


def test_each_model_gets_a_number_and_keeps_it(origin: Origin, data: Path, tmp_path: Path) -> None:
    models = [model(tmp_path, name) for name in "abc"]
    for _ in range(2):
        found = [look(origin.repository, data, one, ROLES) for one in models]
        assert found == [Evidence(1), Evidence(2), Evidence(3)]
    assert numbers(origin) == ["1", "2", "3"]


def test_what_describes_a_model_makes_no_other_model(
    origin: Origin, data: Path, tmp_path: Path
) -> None:
    one = model(tmp_path, "a")
    look(origin.repository, data, one, ROLES)
    (one / "contract.json").write_text("{}")
    assert look(origin.repository, data, one, ROLES) == Evidence(1)
    (one / "predictor").mkdir()
    (one / "predictor" / "weights").write_text("other")
    assert look(origin.repository, data, one, ROLES) == Evidence(2)


def test_only_other_rows_make_another_holdout(tmp_path: Path) -> None:
    frame = tiny_frame(40)
    kept = rows_sha256(write_splits(tmp_path / "a", {"holdout": frame}), ROLES)
    turned = frame.iloc[::-1].assign(another_feature=1)
    assert rows_sha256(write_splits(tmp_path / "b", {"holdout": turned}), ROLES) == kept
    more = pd.concat([frame, tiny_frame(1, seed=9)])
    assert rows_sha256(write_splits(tmp_path / "c", {"holdout": more}), ROLES) != kept


def test_two_that_come_at_once_get_two_numbers(origin: Origin, data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(origin.path, copy)
    found: list[Evidence] = []

    def run(root: Path, name: str) -> None:
        found.append(look(Repository(root), data, model(tmp_path, name), ROLES))

    threads = [threading.Thread(target=run, args=a) for a in ((origin.path, "a"), (copy, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.number or 0 for one in found) == [1, 2]
    assert numbers(origin) == ["1", "2"]


def test_where_origin_cannot_be_written_the_look_is_numbered_but_not_counted(
    origin: Origin, data: Path, tmp_path: Path
) -> None:
    look(origin.repository, data, model(tmp_path, "a"), ROLES)
    hook = origin.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(REFUSING)
    hook.chmod(0o755)
    found = look(origin.repository, data, model(tmp_path, "b"), ROLES)
    assert found.number == 2
    assert "read only" in found.uncounted
    assert numbers(origin) == ["1"]
    hook.unlink()
    assert look(origin.repository, data, tmp_path / "b", ROLES) == Evidence(2)


def test_an_origin_that_cannot_be_asked_is_no_evidence(
    origin: Origin, data: Path, tmp_path: Path
) -> None:
    origin.git("remote", "set-url", "origin", str(tmp_path / "gone"))
    found = look(origin.repository, data, model(tmp_path, "a"), ROLES)
    assert found.number is None
    assert "gone" in found.missing


def test_a_holdout_that_cannot_be_read_is_no_evidence(origin: Origin, tmp_path: Path) -> None:
    found = look(origin.repository, tmp_path, model(tmp_path, "a"), ROLES)
    assert found.number is None
    assert "cannot be read" in found.missing
