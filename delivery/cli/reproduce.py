"""`delivery reproduce [RELEASE]`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show
from delivery.errors import HeldError, RefusedError


@click.command()
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
