"""What `delivery experiment` prints."""

from __future__ import annotations

from delivery.commands.experiment import ExperimentStatus, StartResult
from delivery.deployment.experiments.begin import Beginning
from delivery.events.experiments import Experiment
from tests.delivery.cli.conftest import CommandLine

ENDED = Experiment(1, "a", "r-one", "r-two", conclusion={"result": "winner", "why": "proven"})


def test_a_start_says_how_it_ended_or_who_goes_on(delivery: CommandLine) -> None:
    calls = delivery.returns("experiment.start", StartResult("production", "r-two", "winner", "w"))
    run = delivery("experiment", "start", "production", "--release", "r-two", "--budget", "5")
    assert run.stdout == "production: winner: w\n"
    assert calls == [("production", "r-two", {"budget": 5.0})]
    delivery.returns("experiment.start", StartResult("production", "r-two", goes_on="somebody"))
    run = delivery("experiment", "start", "production", "--release", "r-two")
    assert run.stdout == "production: somebody\n"


def test_a_dry_run_says_what_would_be_compared(delivery: CommandLine) -> None:
    delivery.returns("experiment.plan", Beginning("production", "r-one", "r-two"))
    run = delivery("experiment", "start", "production", "--release", "r-two", "--dry-run")
    assert run.stdout == "production: would compare r-two beside r-one\n"


def test_status_shows_what_ended(delivery: CommandLine) -> None:
    delivery.returns("experiment.experiment_status", ExperimentStatus("production", None, (ENDED,)))
    lines = delivery("experiment", "status", "production").stdout.splitlines()
    assert lines == ["production: no experiment runs", "experiment 1, r-two: winner: proven"]


def test_a_stop_says_what_was_stopped(delivery: CommandLine) -> None:
    calls = delivery.returns("experiment.stop", StartResult("production", "r-two", "stopped"))
    run = delivery("experiment", "stop", "production", "--reason", "enough")
    assert run.stdout == "production: the experiment with r-two is stopped\n"
    assert calls == [("production", "enough", {})]
