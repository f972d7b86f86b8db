"""`delivery pr`: the local forge on the command line."""

from __future__ import annotations

import click

from delivery.cli import render
from delivery.cli.terminal import context, json_option, pull_line, reason_option, show
from delivery.commands import pr as pulls


@click.group()
def pr() -> None:
    """Pull requests of the local forge (on GitHub, use GitHub)."""


@pr.command("list")
@json_option
def pr_list(as_json: bool) -> None:
    """All of them, oldest first."""
    found = pulls.listed(context())
    show(found, as_json, render.pulls_table(found))


@pr.command("show")
@click.argument("number", type=int)
@json_option
def pr_show(number: int, as_json: bool) -> None:
    """One, with its report."""
    pull = pulls.show(context(), number)
    show(pull, as_json, f"#{pull.number} {pull.title} ({pull.state})", pull.body, pull.comment)


@pr.command("open")
@click.option("--title", default="", help="By default the subject of the last commit.")
@click.option("--body", default="", help="What the change is for.")
@json_option
def pr_open(title: str, body: str, as_json: bool) -> None:
    """Push this branch and open a pull request for it."""
    pull = pulls.open_pull(context(), title=title, body=body)
    show(pull, as_json, pull_line(pull, ""))


@pr.command("merge")
@click.argument("number", type=int)
@json_option
def pr_merge(number: int, as_json: bool) -> None:
    """Merge one into main."""
    pull = pulls.merge(context(), number)
    show(pull, as_json, pull_line(pull, ""))


@pr.command("close")
@click.argument("number", type=int)
@reason_option
@json_option
def pr_close(number: int, reason: str, as_json: bool) -> None:
    """Close one without merging it."""
    pull = pulls.close(context(), number, reason)
    show(pull, as_json, pull_line(pull, ""))
