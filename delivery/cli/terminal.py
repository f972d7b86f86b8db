"""What all commands share: where they print, their common options, and how a result is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console, RenderableType

from delivery.ci.annotations import annotation
from delivery.cli import render
from delivery.context import Context
from delivery.errors import DeliveryError
from delivery.git import Repository

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
dry_option = click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
reason_option = click.option("--reason", default="", help="Why; written into the evidence.")
override_option = click.option(
    "--override",
    "overrides",
    multiple=True,
    metavar="GATE",
    help="A gate that must not stop it; needs --reason.",
)
environment_argument = click.argument("environment", metavar="ENV")


def context() -> Context:
    """The checkout that the command was called in."""
    return Context(Repository.find(Path.cwd()).root, progress)


def progress(line: str) -> None:
    """What long work is doing: dim on a terminal, a plain line in CI."""
    ERR.print(f"· {line}", style="dim", markup=False, soft_wrap=True)


def annotate(here: Context, lines: Iterable[str]) -> None:
    """Annotations on the page of a job; nothing elsewhere."""
    if here.surroundings.in_job:
        for line in lines:
            click.echo(line)


def annotate_error(error: Exception) -> None:
    """The same for what ends a command, wherever it was called."""
    try:
        annotate(context(), [annotation("delivery", str(error))])
    except DeliveryError:
        return  # outside a repository there is no job either


def show(result: Any, as_json: bool, *parts: RenderableType) -> None:
    """The result as JSON, or as tables and lines."""
    if as_json:
        click.echo(json.dumps(render.plain(result), indent=1, ensure_ascii=False))
        return
    for part in parts:
        OUT.print(part, markup=False, soft_wrap=isinstance(part, str))


def pull_line(pull: Any, otherwise: str = "") -> str:
    """One line about a pull request, or `otherwise` where there is none."""
    return f"pull request #{pull.number} {pull.state}: {pull.title}" if pull else otherwise
