"""`delivery pr`: options and output."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option, reason_option
from delivery.cli.render import pull_line, show, state_text, table
from delivery.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.pr import ListResult


@click.group()
def pr() -> None:
    """Handle pull requests where origin is not GitHub."""


@pr.command("list")
@json_option
def list_pulls(as_json: bool) -> None:
    """List all pull requests, oldest first."""
    from delivery.commands.pr import list_pulls as run

    result = run(context())
    show(result, as_json, pulls_table(result))


@pr.command("show")
@click.argument("number", type=int)
@json_option
def show_pull(number: int, as_json: bool) -> None:
    """Show a pull request with its report."""
    from delivery.commands.pr import show_pull as run

    pull = run(context(), number).pull
    show(pull, as_json, f"#{pull.number} {pull.title} ({pull.state})", pull.body, pull.comment)


@pr.command("open")
@click.option("--title", default="", help="By default the subject of the last commit.")
@click.option("--body", default="", help="What the change is for.")
@json_option
def open_pull(title: str, body: str, as_json: bool) -> None:
    """Push this branch and open a pull request for it."""
    from delivery.commands.pr import open_pull as run

    result = run(context(), title=title, body=body)
    show(result, as_json, pull_line(result.pull))


@pr.command("merge")
@click.argument("number", type=int)
@click.option("--unjudged", is_flag=True, help="Though its gates did not pass; needs --reason.")
@reason_option
@json_option
def merge_pull(number: int, unjudged: bool, reason: str, as_json: bool) -> None:
    """Merge a pull request into main. A candidate has to have passed its gates."""
    from delivery.commands.pr import merge_pull as run

    if unjudged and not reason.strip():
        raise InputError('--unjudged needs a reason, which everybody can read: `--reason "…"`')
    insist = (lambda _: reason) if unjudged else partial(_ask, number)
    result = run(context(), number, insist)
    show(result, as_json, pull_line(result.pull))


def _ask(number: int, missing: str) -> str:
    """A person's reason to merge it all the same; empty for no, and where nobody can answer."""
    if not sys.stdin.isatty():
        return ""
    question = f"#{number}: {missing}. Merge it all the same? If so, say why"
    answer: str = click.prompt(question, default="", show_default=False, err=True)
    return answer


@pr.command("close")
@click.argument("number", type=int)
@reason_option
@json_option
def close_pull(number: int, reason: str, as_json: bool) -> None:
    """Close a pull request without merging it."""
    from delivery.commands.pr import close_pull as run

    result = run(context(), number, reason)
    show(result, as_json, pull_line(result.pull))


def pulls_table(result: ListResult) -> Table:
    """One line a pull request."""
    return table(
        ("#", "state", "title"),
        [
            (str(pull.number), state_text(pull.state), f"{pull.title} ({pull.head})")
            for pull in result.pulls
        ],
    )
