"""Commands that change what runs: deploy, verify, rollback, down."""

from __future__ import annotations

import click
from rich.console import RenderableType

from delivery.cli.terminal import (
    context,
    dry_option,
    environment_argument,
    json_option,
    pull_line,
    reason_option,
    show,
)
from delivery.errors import HeldError, RefusedError
from delivery.gates.verdict import blocking
from delivery.state.events import State


@click.command()
@environment_argument
@click.option("--budget", default=600.0, show_default=True, help="Seconds before it gives up.")
@dry_option
@json_option
def deploy(environment: str, budget: float, dry_run: bool, as_json: bool) -> None:
    """Bring ENV to what main wants: start, judge, move the traffic, or roll back."""
    from delivery.commands.deploy import deploy as run
    from delivery.commands.deploy import plan
    from delivery.report import verdict_table

    if dry_run:
        step = plan(context(), environment)
        show(step, as_json, f"{environment}: {step.release} is {step.state.value}; {step.did}")
        return
    result = run(context(), environment, budget=budget)
    verdicts = [verdict for tick in result.ticks for verdict in tick.verdicts]
    parts: list[RenderableType] = [verdict_table(verdicts)] if verdicts else []
    tick = result.tick
    parts.append(f"{environment}: {tick.release} {'idle' if tick.idle else tick.state.value}")
    if result.next:
        parts.append(pull_line(result.next.pull, f"{result.next.environment} waits for a person"))
    if result.held:
        parts.append(f"not proposed further: {result.held}")
    if result.rollback:
        parts.append(pull_line(result.rollback, ""))
    show(result, as_json, *parts)
    _exit_for(tick.state, environment, tick.idle)


def _exit_for(state: State, environment: str, idle: bool) -> None:
    """A deployment that did not end in verified ends in its exit code."""
    if state.failed:
        raise RefusedError(
            f"{environment} refused the release; its traffic is with the previous one. "
            f"`delivery history {environment}` says why; `delivery deploy {environment}` brings "
            "the rollback in once it is merged."
        )
    if state is not State.VERIFIED and not idle:
        raise HeldError(
            f"{environment} is {state.value}. `delivery history {environment}` says why; "
            "a person decides: `delivery rollback` or a new release."
        )


@click.command()
@environment_argument
@dry_option
@json_option
def verify(environment: str, dry_run: bool, as_json: bool) -> None:
    """Put the active gates to what is live in ENV; revoke and roll back what fails."""
    from delivery.commands.verify import verify as run
    from delivery.report import table

    result = run(context(), environment, dry_run=dry_run)
    show(result, as_json, table(result.judgement))
    blocked = blocking(result.judgement.verdicts)
    if any(verdict.status == "fail" for verdict in blocked):
        done = "was revoked and rolled back" if result.revoked else "would be revoked"
        raise RefusedError(f"{result.release} fails in {environment} and {done}")
    if blocked:
        raise HeldError(f"{result.release}: evidence is missing ({blocked[0].why})")


@click.command()
@environment_argument
@reason_option
@dry_option
@json_option
def rollback(environment: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Give the traffic of ENV back to the previous verified release, at once."""
    from delivery.commands.deploy import deploy as run_deploy
    from delivery.commands.rollback import rollback as run

    here = context()
    result = run(here, environment, reason=reason, dry_run=dry_run)
    lines = [f"{environment}: {result.left} → {result.release}"]
    if result.already:
        lines = [f"{environment}: rolled back from {result.left} to {result.release} already"]
    elif not dry_run:
        lines.append(f"the previous release answered after {result.seconds:.2f} s")
        lines.append(pull_line(result.pull, ""))
    if not dry_run and (result.already or (result.pull and result.pull.state == "merged")):
        tick = run_deploy(here, environment, budget=600).tick
        lines.append(f"{environment}: {tick.release} {'idle' if tick.idle else tick.state.value}")
    show(result, as_json, *lines)


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
@json_option
def down(environment: str | None, as_json: bool) -> None:
    """Stop what runs on this machine for ENV, or for all. `delivery deploy` starts it again."""
    from delivery.commands.down import down as run

    stopped = run(context(), environment)
    show({"stopped": stopped}, as_json, *(f"{name}: stopped" for name in stopped))
