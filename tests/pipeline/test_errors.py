"""A stage ends with one line and exit code 2 for what its user can mend."""

from __future__ import annotations

import pytest

from pipeline.data import io
from pipeline.errors import PipelineError


def test_bad_input_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stage(_: object) -> None:
        raise PipelineError("params.yaml has no train. Add it and run `dvc repro`.")

    monkeypatch.setattr(io, "read_settings", object)
    with pytest.raises(SystemExit) as ended:
        io.run(stage)
    assert ended.value.code == PipelineError.exit_code == 2
    shown = capsys.readouterr().err.strip()
    assert "params.yaml has no train" in shown
    assert "Traceback" not in shown
