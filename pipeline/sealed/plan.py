"""What a stage reads and writes, as dvc.yaml and params.yaml say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import PipelineError

STATEMENTS = Path("artifacts/sealed")
RAN = Path("artifacts/.ran")  # no output of DVC's, which restores outputs without a run
HOME_OF_INPUTS = "model/"


@dataclass(frozen=True)
class Plan:
    """Paths below the checkout. `reads` are what earlier stages wrote, `inputs` what
    `train.inputs` names; `sources` are `data.sources` without addresses: no stage has sockets."""

    stage: str
    reads: Sequence[Path]
    writes: Sequence[Path]
    sources: Sequence[str]
    inputs: Sequence[Path]

    @property
    def statement(self) -> Path:
        """Where it is written down how the stage ran."""
        return STATEMENTS / f"{self.stage}.json"

    @property
    def receipt(self) -> Path:
        """The same, and here because the stage ran here: DVC restores no such file."""
        return RAN / f"{self.stage}.json"


def plan(stage: str, checkout: Path) -> Plan:
    """The plan of `stage`.

    params.yaml is read without a look at its other keys: the stage itself checks all of them.

    Raises:
        PipelineError: dvc.yaml has no such stage, or a file is no YAML.
    """
    content = _read(checkout / "dvc.yaml").get("stages", {}).get(stage)
    if content is None:
        raise PipelineError(f"dvc.yaml has no stage {stage!r}. Run `dvc repro`.")
    params = _read(checkout / "params.yaml")
    inputs = [str(name) for name in _section(params, "train").get("inputs") or ()]
    _check(inputs, checkout)
    outs = [Path(path) for path in (*content.get("outs", ()), *content.get("metrics", ()))]
    return Plan(
        stage=stage,
        reads=[Path(path) for path in content["deps"] if path.startswith("artifacts/")],
        writes=[path for path in outs if path.parent != STATEMENTS],
        sources=[s for s in _section(params, "data").get("sources") or () if isinstance(s, str)],
        inputs=[Path(name) for name in inputs],
    )


def _check(inputs: Sequence[str], checkout: Path) -> None:
    """Only of what lies in model/ does DVC see a change, and git the version."""
    for name in inputs:
        outside = not name.startswith(HOME_OF_INPUTS) or ".." in Path(name).parts
        if outside or not (checkout / name).exists():
            raise PipelineError(
                f"params.yaml: train.inputs: {name!r} is not a file or folder below "
                f"{HOME_OF_INPUTS}. Move it there or mend the path; then run `dvc repro`."
            )


def _section(params: dict[str, Any], name: str) -> dict[str, Any]:
    section = params.get(name)
    return section if isinstance(section, dict) else {}


def _read(file: Path) -> dict[str, Any]:
    try:
        content = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        advice = f"Run `git checkout -- {file.name}`."
        raise PipelineError(f"{file.name}: no such file. {advice}") from error
    except YAMLError as error:
        reason = " ".join(str(error).split())
        advice = f"Mend {file.name} and run `dvc repro` again."
        raise PipelineError(f"{file.name}: not YAML: {reason}. {advice}") from error
    return content if isinstance(content, dict) else {}
