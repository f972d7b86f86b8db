"""`delivery github`: options and output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, dry_option, json_option
from delivery.cli.render import coloured, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.github.app import AppResult, ManifestResult
    from delivery.commands.github.settings import ApplyResult


@click.group()
def github() -> None:
    """Compare GitHub's settings with main's files, and set them."""


@github.command()
@dry_option
@json_option
def apply(dry_run: bool, as_json: bool) -> None:
    """Set GitHub as main's files say.

    Settings, labels, environments and rulesets. `--dry-run` shows the differences.
    """
    from delivery.commands.github.settings import apply as run

    result = run(context(), dry_run=dry_run)
    count = len(result.different)
    outcome = f"{count} {'to do' if dry_run else 'done'}" if count else "nothing to do"
    show(
        result,
        as_json,
        rows_table(result),
        *change_lines(result),
        *(f"note: {note}" for note in result.notes),
        f"{result.repository}: {outcome}",
    )


@github.command()
@click.argument("owners", metavar="OWNER…", nargs=-1)
@json_option
def own(owners: tuple[str, ...], as_json: bool) -> None:
    """Name the owner of your paths.

    Writes OWNER (@login or @organisation/team) to owners.yml, and makes CODEOWNERS of it.
    """
    from delivery.commands.github.settings import own as run

    result = run(context(), owners)
    outcome = "written: commit and merge them" if result.changed else "as they must be"
    show(result, as_json, f".github/owners.yml and .github/CODEOWNERS: {outcome}")


@github.command()
@click.option("--code", default="", help="The code, or the address with it, that GitHub gave.")
@dry_option
@json_option
def app(code: str, dry_run: bool, as_json: bool) -> None:
    """Create the GitHub App that merges rollbacks and alone writes events.

    Writes a page to open in a browser; `--code` fetches the App's key afterwards. `--dry-run`
    prints the manifest.
    """
    from delivery.commands.github.app import propose, receive

    if code:
        result = receive(context(), code)
        show(result, as_json, *app_lines(result))
        return
    proposed = propose(context(), write=not dry_run)
    lines = [json.dumps(proposed.manifest, indent=1)] if dry_run else page_lines(proposed)
    show(proposed, as_json, *lines)


def page_lines(result: ManifestResult) -> list[str]:
    """What to click, and what comes after."""
    return [
        f"1. Open {result.page} in a browser that is signed in to GitHub.",
        "2. Click the button there, and Create GitHub App on the page that follows.",
        "3. GitHub leads back to the repository. Copy the address, which has ?code=… in it, and",
        "   within the hour: delivery github app --code 'ADDRESS'",
    ]


def app_lines(result: AppResult) -> list[str]:
    """What the App needs to do its work."""
    return [
        f"{result.slug} is App {result.id}; its key lies in {result.key} and nowhere else.",
        f"1. Install it on this repository alone: {result.install}",
        "2. Give the jobs its number and its key, and let GitHub know it:",
        "",
        *result.commands,
    ]


def rows_table(result: ApplyResult) -> Table:
    """One line for each thing that GitHub is to hold."""
    return table(
        ("what", "state", "name"),
        [
            (
                row.item.kind,
                coloured(row.state, "default" if row.state == "same" else "yellow"),
                row.item.name,
            )
            for row in result.rows
        ],
    )


def change_lines(result: ApplyResult) -> list[str]:
    """A line for each key that GitHub has otherwise than wanted."""
    return [
        f"{row.item.name}: {change.path}: {_value(change.before)} → {_value(change.after)}"
        for row in result.rows
        for change in row.changes
        if row.state == "change"
    ]


def _value(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
