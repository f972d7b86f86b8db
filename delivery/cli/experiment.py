"""`delivery experiment`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import (
    context,
    dry_option,
    environment_argument,
    json_option,
    reason_option,
)
from delivery.cli.render import pull_line, show

if TYPE_CHECKING:
    from delivery.commands.experiment import ExperimentStatus


@click.group()
def experiment() -> None:
    """Compare two verified releases by what their users do."""


@experiment.command("start")
@environment_argument
@click.option("--release", required=True, help="The challenger: verified, and not live.")
@click.option(
    "--budget", default=600.0, show_default=True, help="Seconds after which it stops watching."
)
@dry_option
@json_option
def start(environment: str, release: str, budget: float, dry_run: bool, as_json: bool) -> None:
    """Give RELEASE a fixed share of the clients of ENV, and watch what becomes of it.

    Run again, it goes on with the same experiment. The winner is proposed by a pull request.
    """
    from delivery.commands.experiment import plan
    from delivery.commands.experiment import start as run

    if dry_run:
        planned = plan(context(), environment, release)
        verb = "goes on with" if planned.running else "would compare"
        show(planned, as_json, f"{environment}: {verb} {release} beside {planned.champion}")
        return
    result = run(context(), environment, release, budget=budget)
    lines = [f"{environment}: {result.result}: {result.why}"] if result.result else []
    lines += [f"{environment}: {result.goes_on}"] if result.goes_on else []
    lines += [pull_line(result.pull)] if result.pull else []
    show(result, as_json, *lines)


@experiment.command("status")
@environment_argument
@json_option
def status(environment: str, as_json: bool) -> None:
    """Show the effect so far with its interval, and what is still needed."""
    from delivery.commands.experiment import experiment_status

    result = experiment_status(context(), environment)
    show(result, as_json, *status_lines(result))


@experiment.command("stop")
@environment_argument
@reason_option
@json_option
def stop(environment: str, reason: str, as_json: bool) -> None:
    """End the experiment: all clients meet what is verified."""
    from delivery.commands.experiment import stop as run

    result = run(context(), environment, reason)
    show(result, as_json, f"{environment}: the experiment with {result.challenger} is stopped")


def status_lines(result: ExperimentStatus) -> list[str]:
    """What runs, its sample ratio, whether a replay says more, and what ended."""
    shown = result.running
    lines = [f"{result.environment}: no experiment runs"]
    if shown:
        lines = [
            f"{result.environment}: {shown}",
            f"sample ratio: {shown.sample_ratio}",
            shown.replay,
        ]
    for past in result.ended:
        conclusion = past.conclusion or {}
        lines.append(
            f"experiment {past.number}, {past.challenger}: {conclusion.get('result')}: "
            f"{conclusion.get('why')}"
        )
    return lines
