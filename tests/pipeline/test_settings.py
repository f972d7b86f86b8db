from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.errors import PipelineError
from pipeline.settings import Settings, read_settings
from tests.checkout import MODELS, ROOT

PARAMS = MODELS / "temporal" / "params.yaml"


def changed(folder: Path, path: str, value: Any) -> Path:
    yaml = YAML()
    content = yaml.load(PARAMS)
    *parents, last = path.split(".")
    place = content
    for name in parents:
        place = place[name]
    place[last] = value
    yaml.dump(content, folder / "params.yaml")
    return folder / "params.yaml"


@pytest.mark.parametrize("file", [ROOT / "params.yaml", *sorted(MODELS.glob("*/params.yaml"))])
def test_every_params_file_of_this_repository_is_read(file: Path) -> None:
    assert isinstance(read_settings(file), Settings)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("train.seeds", 1, ["train.seeds: unknown key"]),
        ("training", {}, ["training: unknown key"]),
        ("train.seed", "three", ["train.seed", "'three'"]),
        ("train.seed", -1, ["train.seed", "-1"]),
        ("prepare.max_rejected_share", 1.5, ["prepare.max_rejected_share", "1.5"]),
        ("prepare.split.kind", "temporary", ["prepare.split.kind", "'temporary'", "random"]),
        ("prepare.split.gap", "soon", ["prepare.split.gap"]),
        ("prepare.split.gap", "-1D", ["prepare.split.gap"]),
        ("prepare.split.column", "part", ["prepare.split", "column"]),
        ("prepare.columns.stock.range", [9, 1], ["prepare.columns.stock.range"]),
        ("data.roles.timestamp", None, ["data.roles.timestamp", "prepare.split.kind to random"]),
        ("data.roles.row_id", "sold_out", ["different columns"]),
        ("data.until", 2024, ["data.until", "2024"]),
        ("data.until", "July", ["data.until", "July"]),
        ("evaluate.threshold", 1, ["evaluate.threshold"]),
        ("export.runtime", "java", ["export.runtime", "onnx"]),
        ("export.tolerance", 0, ["export.tolerance"]),
        ("export.name", "Shops!", ["export.name"]),
        ("model.load", None, ["model.load"]),
    ],
)
def test_a_wrong_key_is_named_with_its_path(
    tmp_path: Path, path: str, value: Any, named: list[str]
) -> None:
    with pytest.raises(PipelineError) as error:
        read_settings(changed(tmp_path, path, value))
    message = str(error.value)
    assert message.startswith("params.yaml: ")
    assert "dvc repro" in message
    for part in named:
        assert part in message


def test_a_fork_adds_keys_of_its_own_under_model(tmp_path: Path) -> None:
    own = read_settings(changed(tmp_path, "model.fit.anything", {"at": "all"})).model.fit
    assert own["anything"] == {"at": "all"}


def test_a_missing_and_a_malformed_file_name_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="git checkout"):
        read_settings(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("data: [", encoding="utf-8")
    with pytest.raises(PipelineError, match=r"params.yaml: not YAML.*dvc repro"):
        read_settings(tmp_path / "params.yaml")


def test_settings_are_frozen() -> None:
    settings = read_settings(PARAMS)
    with pytest.raises(ValueError, match="frozen"):
        settings.train.seed = 2  # type: ignore[misc]
