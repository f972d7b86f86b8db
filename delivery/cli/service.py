"""`delivery service`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import dry_option, json_option, untouched
from delivery.cli.render import show

if TYPE_CHECKING:
    from delivery.commands.service import ServiceResult

user_option = click.option("--user", is_flag=True, help="A unit of your own, which needs no root.")


@click.group()
def service() -> None:
    """Let systemd run `delivery up`, so that environments come back after a reboot."""


@service.command()
@user_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_option
@json_option
def install(user: bool, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Show the unit, ask, and install it; a second time it changes what is different.

    For the machine by default, which needs root; it runs as the owner of the checkout.
    """
    from delivery.commands.service import install as run
    from delivery.commands.service import service as look

    planned = look(untouched(), user=user)
    if not (planned.done or as_json):
        show(planned, False, f"{planned.file}:\n\n{planned.text}")
    if not (planned.done or yes or dry_run):
        click.confirm("Install it?", abort=True, err=True)
    result = planned if dry_run else run(untouched(), user=user)
    show(result, as_json, *_lines(result))


@service.command()
@user_option
@json_option
def uninstall(user: bool, as_json: bool) -> None:
    """Remove the unit. What runs goes on; `delivery down` stops it."""
    from delivery.commands.service import uninstall as run

    result = run(untouched(), user=user)
    show(result, as_json, *_lines(result))


@service.command()
@user_option
@json_option
def status(user: bool, as_json: bool) -> None:
    """Show whether the unit is installed, as it would be written, and at work."""
    from delivery.commands.service import service as run

    result = run(untouched(), user=user)
    show(result, as_json, *_lines(result))


def _lines(result: ServiceResult) -> list[str]:
    state = f"{result.active or 'unknown'}, {'enabled' if result.enabled else 'not enabled'}"
    return [f"{result.file}: {_text(result)}; {state}", *(f"note: {n}" for n in result.notes)]


def _text(result: ServiceResult) -> str:
    if result.current:
        return "as it must be"
    return "not as `delivery service install` writes it" if result.installed else "not there"
