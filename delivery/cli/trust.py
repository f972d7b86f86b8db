"""Commands about who made a release, and whether it can be made again: reproduce, key, sign."""

from __future__ import annotations

import click

from delivery.cli.terminal import (
    ERR,
    context,
    json_option,
    pull_line,
    show,
)
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


@click.command()
@click.option("--name", default="me", show_default=True, help="Whose key it is.")
@json_option
def key(name: str, as_json: bool) -> None:
    """Print this machine's public key as the lines that `trust:` in delivery.yaml wants."""
    from delivery.commands.key import key as run

    result = run(context())
    ERR.print(f"· the private half: {result.where}", style="dim", markup=False, soft_wrap=True)
    show(result, as_json, result.lines(name))


@click.command()
@click.argument("release", metavar="RELEASE")
@json_option
def sign(release: str, as_json: bool) -> None:
    """Sign a release that main has: one without a signature, or one whose key was revoked."""
    from delivery.commands.key import sign as run

    result = run(context(), release)
    show(result, as_json, f"release {release}: {result.verdict.measured}", pull_line(result.pull))
