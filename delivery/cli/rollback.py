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
@reason_option
@dry_option
@json_option
def rollback(environment: str, close: bool, reason: str, dry_run: bool, as_json: bool) -> None:
    """Move the traffic of ENV back to the release that was verified last, at once."""
    from delivery.commands.deploy import deploy as run_deploy
    from delivery.commands.rollback import rollback as run

    here = context()
    result = run(here, environment, reason=reason, dry_run=dry_run, close=close)
    lines = [f"{environment}: {result.left} → {result.release}"]
    if result.already:
        lines = [f"{environment}: rolled back from {result.left} to {result.release} already"]
    elif not dry_run:
        lines.append(f"{_moved(result)} after {result.seconds:.2f} s")
        lines.append(pull_line(result.pull))
    if not dry_run and (result.already or (result.pull and result.pull.state == "merged")):
        last = run_deploy(here, environment, budget=600).step
        lines.append(f"{environment}: {last.release} {'idle' if last.idle else last.state.value}")
    show(result, as_json, *lines)


def _moved(result: RollbackResult) -> str:
    return "the route was closed" if result.closes else "the previous release answered"
