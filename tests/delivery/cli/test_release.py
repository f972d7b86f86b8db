"""`delivery release` shows the verdicts, the id and the pull request."""

from __future__ import annotations

import json

from delivery.commands.release import ReleaseResult
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, PULL, judged


def test_a_new_release_is_proposed(delivery: CommandLine) -> None:
    calls = delivery.returns("release.release", ReleaseResult(ONE, judged("pass"), PULL, False))
    run = delivery("release", "--dry-run")
    assert run.stdout.endswith(f"release {ONE}\npull request #7 open: A title\n")
    assert calls[0][1] == {"dry_run": True}


def test_one_that_main_has_is_adopted(delivery: CommandLine) -> None:
    delivery.returns("release.release", ReleaseResult(ONE, judged("pass"), None, True))
    lines = delivery("release").stdout
    assert f"release {ONE} (main has its record already)" in lines
    assert "nothing to propose: the first environment wants it already" in lines


def test_before_there_is_a_model_nothing_is_wrong(delivery: CommandLine) -> None:
    delivery.returns("release.release", ReleaseResult())
    run = delivery("release")
    assert run.exit_code == 0
    assert "nothing to release yet: main has no dvc.lock" in run.stdout
    assert json.loads(delivery("release", "--json").stdout)["release"] is None
