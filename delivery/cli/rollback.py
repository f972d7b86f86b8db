"""`delivery rollback ENV`: options and output."""

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
    from delivery.deployment.fallback import RollbackResult


@click.command()
@environment_argument
@click.option("--close", is_flag=True, help="Give the traffic to nobody: clients get 503.")
@click.option("--offline", is_flag=True, help="Ask neither origin nor the network.")
@reason_option
@dry_option
@json_option
def rollback(
    environment: str, close: bool, offline: bool, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Move the traffic of ENV back to the release that was verified last, at once.

    Takes over from a deployment that is at work. With --offline, main as it was last fetched
    decides, and the next command that reaches origin tells it.
    """
    from delivery.commands.deploy import deploy as run_deploy
    from delivery.commands.rollback import rollback as run
    from delivery.commands.rollback import rollback_offline

    here, act = context(), rollback_offline if offline else run
    result = act(here, environment, reason=reason, dry_run=dry_run, close=close)
    lines = [f"{environment}: {result.left} → {result.release}"]
    if result.already:
        lines = [f"{environment}: rolled back from {result.left} to {result.release} already"]
    elif not dry_run:
        lines.append(f"{_moved(result)} after {result.seconds:.2f} s")
        lines.append(
            f"origin is told by `delivery deploy {environment}`"
            if offline
            else pull_line(result.pull)
        )
    if not (dry_run or offline) and (
        result.already or (result.pull and result.pull.state == "merged")
    ):
        last = run_deploy(here, environment, budget=600).step
        lines.append(f"{environment}: {last.release} {'idle' if last.idle else last.state.value}")
    show(result, as_json, *lines)


def _moved(result: RollbackResult) -> str:
    return "the route was closed" if result.closes else "the previous release answered"
