"""infra/monitoring/ is made of the work tree's delivery.yaml, and targets of what runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.commands.monitoring import render, targets
from delivery.context import Context
from delivery.errors import InputError
from delivery.settings.policy import Environment
from delivery.targets.protocol import Target
from tests.delivery.place import Place

RULES = "infra/monitoring/rules.yaml"
SETTINGS = "environments: {production: {target: {kind: local, port: 7102}}}\n"


def checkout(folder: Path, settings: str = SETTINGS) -> Context:
    (folder / "delivery.yaml").write_text(settings)
    return Context(folder, lambda _: None)


def test_files_are_written_once_and_then_only_when_settings_change(tmp_path: Path) -> None:
    context = checkout(tmp_path)
    every = render(context, dry_run=False).changed
    assert render(context, dry_run=False).changed == ()
    changed = SETTINGS + "monitoring: {objective: {availability: 0.9}}\n"
    written = render(checkout(tmp_path, changed), dry_run=False).changed
    assert RULES in written
    assert set(written) < set(every)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    assert RULES in render(checkout(tmp_path), dry_run=True).changed
    assert not (tmp_path / "infra").exists()


def test_settings_that_cannot_be_leave_the_files_alone(tmp_path: Path) -> None:
    render(checkout(tmp_path), dry_run=False)
    before = (tmp_path / RULES).read_text()
    with pytest.raises(InputError, match="latency_ms"):
        render(
            checkout(tmp_path, SETTINGS + "monitoring: {objective: {latency_ms: 3}}\n"),
            dry_run=False,
        )
    assert (tmp_path / RULES).read_text() == before


def test_targets_are_the_instances_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place("production", url="http://127.0.0.1:1234", running={"r-1": True})

    def target(_: Context, environment: Environment) -> Target:
        assert environment.name == "production"
        return place.target

    monkeypatch.setattr(Context, "target", target)
    file = tmp_path / "targets.json"
    result = targets(checkout(tmp_path), file)
    assert result.addresses == ("127.0.0.1:1234",)
    assert json.loads(file.read_text()) == [
        {"targets": ["127.0.0.1:1234"], "labels": {"environment": "production"}}
    ]
