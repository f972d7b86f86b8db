"""`delivery attest ENV`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import (
    context,
    dry_option,
    environment_argument,
    json_option,
    reason_option,
)
from delivery.cli.render import show


@click.command()
@environment_argument
@reason_option
@click.option("--disown", multiple=True, metavar="ENTRY", help="An entry that must not count.")
@dry_option
@json_option
def attest(
    environment: str, reason: str, disown: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Vouch for events of ENV that cannot be verified, after looking at what they say."""
    from delivery.commands.attest import AttestRequest
    from delivery.commands.attest import attest as run

    result = run(context(), AttestRequest(environment, reason, disown, dry_run))
    show(result, as_json, *result.doubts, *(() if dry_run else ("vouched for",)))
