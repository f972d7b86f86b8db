"""`delivery verify ENV`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import (
    context,
    details_option,
    dry_option,
    environment_argument,
    json_option,
)
from delivery.cli.render import show
from delivery.errors import HeldError, RefusedError
from delivery.gates.verdict import blocking


@click.command()
@environment_argument
@dry_option
@details_option
@json_option
def verify(environment: str, dry_run: bool, details: bool, as_json: bool) -> None:
    """Judge what is live in ENV again by the active gates; revoke and roll back what fails."""
    from delivery.commands.verify import verify as run
    from delivery.report import table

    result = run(context(), environment, dry_run=dry_run)
    show(result, as_json, table(result.judgement, details=details))
    blocked = blocking(result.judgement.verdicts)
    if any(verdict.status == "fail" for verdict in blocked):
        outcome = "was revoked and rolled back" if result.revoked else "would be revoked"
        raise RefusedError(f"{result.release} fails in {environment} and {outcome}")
    if blocked:
        raise HeldError(f"{result.release}: evidence is missing ({blocked[0].why})")
