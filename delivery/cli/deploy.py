"""`delivery deploy ENV`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, dry_option, environment_argument, json_option
from delivery.cli.render import pull_line, show
from delivery.errors import HeldError, RefusedError
from delivery.events.event import State

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command()
@environment_argument
@click.option(
    "--budget", default=600.0, show_default=True, help="Seconds after which it stops waiting."
)
@dry_option
@json_option
def deploy(environment: str, budget: float, dry_run: bool, as_json: bool) -> None:
    """Make ENV run what main wants.

    Starts the wanted release beside the running one, judges it, and moves the traffic to it. If a
    gate fails, moves the traffic back and proposes a rollback. A run that was killed goes on where
    it stopped.
    """
    from delivery.commands.deploy import deploy as run
    from delivery.commands.deploy import plan
    from delivery.report import verdict_table

    if dry_run:
        step = plan(context(), environment)
        show(
            step, as_json, f"{environment}: {step.release} is {step.state.value}; {step.transition}"
        )
        return
    result = run(context(), environment, budget=budget)
    verdicts = [verdict for step in result.steps for verdict in step.verdicts]
    parts: list[RenderableType] = [verdict_table(verdicts)] if verdicts else []
    last = result.step
    parts.append(f"{environment}: {last.release} {'idle' if last.idle else last.state.value}")
    if result.next:
        parts.append(pull_line(result.next.pull, f"{result.next.environment} waits for a person"))
    if result.held:
        parts.append(f"not proposed further: {result.held}")
    if result.rollback:
        parts.append(pull_line(result.rollback))
    if result.made_way:
        parts.append("makes way for a rollback that waits for this runner; another run goes on")
    show(result, as_json, *parts)
    if not result.made_way:
        _exit_for(last.state, environment, last.idle)


def _exit_for(state: State, environment: str, idle: bool) -> None:
    """A deployment that did not end in verified ends in its exit code."""
    if state.failed:
        raise RefusedError(
            f"{environment} did not take it; what was verified there keeps the traffic. "
            f"`delivery history {environment}` says why. Merge the rollback, then "
            f"`delivery deploy {environment}`."
        )
    if state is not State.VERIFIED and not idle:
        raise HeldError(
            f"{environment} is {state.value}. `delivery history {environment}` says why. "
            "A person decides: `delivery rollback` or a new release."
        )
