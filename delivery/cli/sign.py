"""`delivery sign RELEASE`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import pull_line, show


@click.command()
@click.argument("release", metavar="RELEASE")
@json_option
def sign(release: str, as_json: bool) -> None:
    """Sign a release that main has: one without a signature, or one whose key was revoked."""
    from delivery.commands.sign import sign as run

    result = run(context(), release)
    show(result, as_json, f"release {release}: {result.verdict.measured}", pull_line(result.pull))
