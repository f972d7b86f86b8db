"""`delivery up` says what it did; what it could not mend is its exit code."""

from __future__ import annotations

from delivery.commands.up import UpResult
from delivery.errors import TargetError
from delivery.targets.local.supervision import Report
from tests.delivery.cli.conftest import CommandLine


def test_each_environment_is_a_line(delivery: CommandLine) -> None:
    reports = {"staging": Report(2), "production": Report()}
    calls = delivery.returns("up.up", UpResult(reports))
    run = delivery("up", "--once")
    assert (run.stdout, run.exit_code) == ("staging: 2 restarted\nproduction: 0 restarted\n", 0)
    assert delivery.json("up", "--once")["environments"]["staging"]["restarts"] == 2
    assert calls == [({"once": True},)] * 2


def test_what_could_not_be_mended_is_an_error(delivery: CommandLine) -> None:
    delivery.returns("up.up", UpResult({"staging": Report(0, "r-1 cannot be mended: no memory")}))
    run = delivery("up")
    assert isinstance(run.exception, TargetError)
    assert str(run.exception) == "staging: r-1 cannot be mended: no memory"
