"""`delivery release`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import (
    context,
    details_option,
    dry_option,
    json_option,
    override_option,
    reason_option,
)
from delivery.cli.render import pull_line, show

NOTHING = (
    "nothing to release yet: main has no dvc.lock, which names a model. `delivery retrain` "
    "proposes the first, and so does the label retrain on a pull request"
)


@click.command()
@override_option
@reason_option
@dry_option
@details_option
@json_option
def release(
    overrides: tuple[str, ...], reason: str, dry_run: bool, details: bool, as_json: bool
) -> None:
    """Package main's model, judge it, store it and propose it to the first environment."""
    from delivery.commands.release import release as run
    from delivery.report import table
    from delivery.settings.overrides import parse_overrides

    result = run(context(), parse_overrides(reason, overrides), dry_run=dry_run)
    if result.judged is None:
        show(result, as_json, NOTHING)
        return
    known = " (main has its record already)" if result.already else ""
    show(
        result,
        as_json,
        table(result.judged.judgement, details=details),
        f"release {result.release}{known}",
        pull_line(result.pull, "nothing to propose: the first environment wants it already"),
    )
