"""The `delivery` command: what it is called with, what it shows, and how it exits.

Exit codes: 0 done, 1 a bug, 2 bad input, 3 refused by a gate, 4 held or waiting, 5 a target, a
forge or the store failed.
"""

from __future__ import annotations

import sys

import click
from rich.console import RenderableType

from delivery import render
from delivery.annotations import gate_annotations
from delivery.appeal import appeal
from delivery.cli_github import github
from delivery.cli_pr import pr
from delivery.cli_work import check, pending, push, retrain, scan
from delivery.errors import DeliveryError, HeldError, InputError, RefusedError
from delivery.events import State
from delivery.gates.verdict import blocking
from delivery.terminal import (
    ERR,
    annotate,
    annotate_error,
    context,
    dry_option,
    environment_argument,
    json_option,
    override_option,
    pull_line,
    reason_option,
    show,
)
from serving.contract import ContractError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Gates, releases, promotion, deployment and rollback. Retrain with `dvc repro`."""


cli.add_command(github)
cli.add_command(pr)
cli.add_command(check)
cli.add_command(pending)
cli.add_command(push)
cli.add_command(retrain)
cli.add_command(scan)


@cli.command()
@override_option
@reason_option
@json_option
def gate(overrides: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Judge HEAD against the champion in production. A preview; changes nothing."""
    from delivery.commands.gate import gate as run
    from delivery.judging import require_pass
    from delivery.report import table

    here = context()
    result = run(here, appeal(reason, overrides))
    annotate(here, gate_annotations(result.judged.judgement.verdicts))
    told = [f"the report is on pull request #{result.pull}"] if result.pull else []
    lines = (f"report: {result.judged.report}", *told)
    show(result, as_json, table(result.judged.judgement), *lines)
    require_pass(result.judged, f"candidate {result.release}")


@cli.command()
@override_option
@reason_option
@dry_option
@json_option
def release(overrides: tuple[str, ...], reason: str, dry_run: bool, as_json: bool) -> None:
    """Package main's model, judge it, store it and propose it to the first environment."""
    from delivery.commands.release import release as run
    from delivery.report import table

    result = run(context(), appeal(reason, overrides), dry_run=dry_run)
    known = " (main has its record already)" if result.already else ""
    show(
        result,
        as_json,
        table(result.judged.judgement),
        f"release {result.release}{known}",
        pull_line(result.pull, "nothing to propose: it is wanted there already"),
    )


@cli.command()
@environment_argument
@click.option("--release", metavar="ID", help="A release; by default what upstream verified.")
@override_option
@reason_option
@dry_option
@json_option
def promote(
    environment: str,
    release: str | None,
    overrides: tuple[str, ...],
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Propose a verified release to ENV, judged against the champion of today."""
    from delivery.commands.promote import Wish
    from delivery.commands.promote import promote as run

    result = run(context(), Wish(environment, release, appeal(reason, overrides), dry_run=dry_run))
    nothing = "dry run" if dry_run and result.judged else f"{environment} wants it already"
    show(result, as_json, f"release {result.release}", pull_line(result.pull, nothing))


@cli.command()
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


@cli.command()
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


@cli.command()
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


@cli.command()
@json_option
def status(as_json: bool) -> None:
    """What main wants, what really runs, and what mends a difference."""
    from delivery.commands.status import status as run

    rows = run(context())
    show(rows, as_json, render.status_table(rows))
    if any(row.problem for row in rows):
        wrong = [f"{row.environment}: {row.problem}: `{row.cure}`" for row in rows if row.problem]
        raise HeldError("; ".join(wrong))


@cli.command()
@click.argument("environment", metavar="[ENV]", required=False)
@json_option
def history(environment: str | None, as_json: bool) -> None:
    """Every attempt and what came of it, newest first."""
    from delivery.commands.status import history as run

    rows = run(context(), environment)
    show(rows, as_json, render.history_table(rows))


@cli.command()
@click.argument("release", metavar="RELEASE")
@click.option("--offline", is_flag=True, help="Believe what was last fetched from origin.")
@json_option
def inspect(release: str, offline: bool, as_json: bool) -> None:
    """Check a release's bytes, record, SBOM, signature and evidence; show its lineage."""
    from delivery.commands.inspect import inspect as run

    lineage = run(context(), release, offline=offline)
    show(lineage, as_json, render.findings_table(lineage), "", render.lineage_table(lineage))
    if lineage.problems:
        wrong = "; ".join(f"{finding.name}: {finding.found}" for finding in lineage.problems)
        raise RefusedError(f"{release} is not in order: {wrong}")


@cli.command()
@click.argument("release", metavar="[RELEASE]", required=False)
@json_option
def reproduce(release: str | None, as_json: bool) -> None:
    """Make a release anew from raw data and compare; by default the one in production."""
    from delivery.commands.reproduce import reproduce as run
    from delivery.report import verdict_table

    result = run(context(), release)
    release, verdict = result.release, result.verdict
    if verdict is None:
        off = f"{release}: delivery.yaml has `reproduce: off`"
        why = "no release is in production" if release == "none" else off
        show(result, as_json, f"{why}; nothing was done")
        return
    show(result, as_json, verdict_table([verdict]), f"{release}: {verdict.measured}")
    if verdict.status != "pass":
        kind = RefusedError if verdict.status == "fail" else HeldError
        raise kind(f"{release} was not reproduced: {verdict.why}. What was made: {result.folder}")


@cli.command()
@click.option("--name", default="me", show_default=True, help="Whose key it is.")
@json_option
def key(name: str, as_json: bool) -> None:
    """Print this machine's public key as the lines that `trust:` in delivery.yaml wants."""
    from delivery.commands.keys import key as run

    result = run(context())
    ERR.print(f"· the private half: {result.where}", style="dim", markup=False, soft_wrap=True)
    show(result, as_json, result.lines(name))


@cli.command()
@click.argument("release", metavar="RELEASE")
@json_option
def sign(release: str, as_json: bool) -> None:
    """Sign a release that main has: one without a signature, or one whose key was revoked."""
    from delivery.commands.keys import sign as run

    result = run(context(), release)
    show(result, as_json, f"release {release}: {result.verdict.measured}", pull_line(result.pull))


@cli.command()
@click.argument("release", metavar="[RELEASE]", required=False)
@json_option
def report(release: str | None, as_json: bool) -> None:
    """Print the path of a release's HTML report; the newest by default."""
    from delivery.commands.report import report as run

    path = run(context(), release)
    show({"report": path}, as_json, str(path))


@cli.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at the checkout, tools, remote, ports and settings; say how to mend what is wrong."""
    from delivery.commands.doctor import doctor as run

    checks = run(context())
    show(checks, as_json, render.doctor_table(checks))
    wrong = [check.name for check in checks if not check.ok]
    if wrong:
        raise InputError(f"{len(wrong)} to mend: {', '.join(wrong)}")


@cli.command()
@click.argument("environment", metavar="[ENV]", required=False)
@json_option
def down(environment: str | None, as_json: bool) -> None:
    """Stop what runs on this machine for ENV, or for all. `delivery deploy` starts it again."""
    from delivery.commands.down import down as run

    stopped = run(context(), environment)
    show({"stopped": stopped}, as_json, *(f"{name}: stopped" for name in stopped))


def main() -> int:
    """Run a command; returns its exit code."""
    try:
        cli(standalone_mode=False)
    except (DeliveryError, ContractError) as error:
        annotate_error(error)
        ERR.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        return getattr(error, "exit_code", InputError.exit_code)
    except click.ClickException as error:
        error.show()
        return InputError.exit_code
    except click.exceptions.Abort:
        ERR.print("stopped; run the same command again to go on", markup=False)
        return HeldError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
