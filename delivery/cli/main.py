"""The `delivery` command: what it is called with, what it shows, and how it exits.

Exit codes: 0 done, 1 a bug, 2 bad input, 3 refused by a gate, 4 held or waiting, 5 a target, a
forge or the store failed.
"""

from __future__ import annotations

import sys

import click

from delivery.ci.annotations import gate_annotations
from delivery.cli.deploy import deploy, down, rollback, verify
from delivery.cli.github import github
from delivery.cli.look import doctor, history, inspect, report, status
from delivery.cli.pr import pr
from delivery.cli.terminal import (
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
from delivery.cli.trust import key, reproduce, sign
from delivery.cli.work import check, pending, push, retrain, scan
from delivery.errors import DeliveryError, HeldError, InputError
from delivery.settings.overrides import appeal
from serving.contract import ContractError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Gates, releases, promotion, deployment and rollback. Retrain with `dvc repro`."""


for command in (
    deploy, verify, rollback, down,
    status, history, inspect, report, doctor,
    reproduce, key, sign,
    check, pending, push, retrain, scan,
    github, pr,
):  # fmt: skip
    cli.add_command(command)


@cli.command()
@override_option
@reason_option
@json_option
def gate(overrides: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Judge HEAD against the champion in production. A preview; changes nothing."""
    from delivery.commands.gate import gate as run
    from delivery.judgement.proposed import require_pass
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
