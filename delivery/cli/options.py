"""What commands share: options, the checkout they are called in, and the error boundary.

Exit codes: 0 done, 1 a bug, 2 bad input, 3 refused by a gate, 4 held or waiting, 5 a target, a
forge or the store failed.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

import click

from delivery.cli.installed import require_own_checkout
from delivery.cli.render import annotate
from delivery.errors import DeliveryError, HeldError, InputError, TargetError
from delivery.files import temporary_files_in
from delivery.git.repository import Repository

if TYPE_CHECKING:
    from delivery.context import Context

TEMPORARY = "tmp"
FULL = (errno.ENOSPC, errno.EDQUOT)  # no room on the disk, or none for this user

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
dry_option = click.option(
    "--dry-run", is_flag=True, help="Print what would happen; change nothing."
)
details_option = click.option(
    "--details", is_flag=True, help="Show of every gate what is required, and why."
)
reason_option = click.option("--reason", default="", help="Why; written into the evidence.")
override_option = click.option(
    "--override",
    "overrides",
    multiple=True,
    metavar="GATE",
    help="A gate that must not block; needs --reason.",
)
environment_argument = click.argument("environment", metavar="ENV")


def context() -> Context:
    """The checkout that the command was called in. A command that is killed leaves its temporary
    files in the workspace, where the next command removes them.

    Help asks for no checkout, so it works anywhere.
    """
    made = untouched()
    if here := click.get_current_context(silent=True):
        here.with_resource(temporary_files_in(made.workspace / TEMPORARY))
    return made


def untouched() -> Context:
    """The same, and nothing is written there: root calls it in the checkout of somebody else."""
    from delivery.context import Context

    require_own_checkout(Path.cwd())
    return Context(Repository.find(Path.cwd()).root, progress)


def progress(line: str) -> None:
    """What long work is doing, on stderr: dim on a terminal, a plain line in CI."""
    _print(f"· {line}", "dim")


def exit_code(command: click.Command) -> int:
    """Run `command` with the arguments of this process; an error is one line on stderr."""
    try:
        command(standalone_mode=False)
    except _deliberate() as error:
        _annotate(error)
        _print(f"error: {error}")
        return getattr(error, "exit_code", InputError.exit_code)
    except OSError as error:
        if error.errno not in FULL:
            raise
        _print(f"error: {error}. Make room and run the same command again")
        return TargetError.exit_code
    except click.ClickException as error:
        error.show()
        return InputError.exit_code
    except click.exceptions.Abort:
        _print("stopped; run the same command again to go on", "")
        return HeldError.exit_code
    return 0


def _deliberate() -> tuple[type[Exception], ...]:
    """What is raised on purpose. Python asks when something was raised: documents take a while to
    import."""
    from serving.strict import DocumentError

    return DeliveryError, DocumentError


def _print(line: str, style: str = "red") -> None:
    from rich.console import Console

    Console(stderr=True, highlight=False).print(line, style=style, markup=False, soft_wrap=True)


def _annotate(error: Exception) -> None:
    """The error on the page of a job, wherever the command was called."""
    from delivery.ci.annotations import annotation

    try:
        annotate(context(), [annotation("delivery", str(error))])
    except DeliveryError:
        return  # outside a repository there is no job either
