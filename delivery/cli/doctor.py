"""`delivery doctor`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import ok_text, show, table
from delivery.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.doctor.local import DoctorResult


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check the checkout, tools, remote, ports and settings; print how to mend what is wrong."""
    from delivery.commands.doctor.local import doctor as run

    result = run(context())
    show(result, as_json, doctor_table(result))
    wrong = [check.name for check in result.checks if not check.ok]
    if wrong:
        raise InputError(f"{len(wrong)} to mend: {', '.join(wrong)}")


def doctor_table(result: DoctorResult) -> Table:
    """One line a check; below it what to do where something is wrong."""
    return table(
        ("", "check", "found"),
        [
            (
                ok_text(check.ok),
                check.name,
                check.found + (f"\n→ {check.cure}" if check.cure else ""),
            )
            for check in result.checks
        ],
    )
