"""`delivery github`: how the repository is governed, on the command line."""

from __future__ import annotations

import click

from delivery.cli import render
from delivery.cli.terminal import context, dry_option, json_option, show


@click.group()
def github() -> None:
    """How the repository is governed on GitHub."""


@github.command()
@dry_option
@json_option
def apply(dry_run: bool, as_json: bool) -> None:
    """Make settings, labels, environments and rulesets as the files of main say."""
    from delivery.commands.github import apply as run

    result = run(context(), dry_run=dry_run)
    count = len(result.different)
    told = f"{count} {'to do' if dry_run else 'done'}" if count else "nothing to do"
    show(
        result,
        as_json,
        render.rows_table(result.rows),
        *render.row_lines(result.rows),
        *(f"note: {note}" for note in result.notes),
        f"{result.repository}: {told}",
    )


@github.command()
@click.argument("owners", metavar="OWNER…", nargs=-1, required=True)
@json_option
def own(owners: tuple[str, ...], as_json: bool) -> None:
    """Write OWNER (@login or @organisation/team) behind every path of CODEOWNERS without one."""
    from delivery.commands.github import own as run

    changed = run(context(), owners)
    told = "written: commit it and merge it" if changed else "every path has an owner already"
    show({"changed": changed}, as_json, f".github/CODEOWNERS: {told}")
