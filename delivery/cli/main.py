"""The `delivery` command: its commands in sections.

A new command is a file here, a file in `delivery.commands`, and its name in a section below.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module

import click

from delivery.cli.options import exit_code

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Candidate": ("retrain", "gate", "report", "pr"),
    "Release": ("release", "inspect", "reproduce", "key", "sign", "image"),
    "Environment": (
        "promote",
        "deploy",
        "verify",
        "accept",
        "rollback",
        "hold",
        "freeze",
        "experiment",
        "status",
        "history",
        "monitor",
        "predictions",
        "attest",
        "up",
        "watch",
        "down",
        "service",
    ),
    "Files": ("batch",),
    "Repository": ("doctor", "scan", "github", "monitoring"),
    "Jobs": ("check", "push", "pending"),
}

EPILOG = (
    "Exit codes: 0 done, 1 a bug, 2 bad input, 3 a gate failed, 4 held, 5 a target, the forge or "
    "the store failed. docs/delivery.md describes every command, docs/glossary.md the terms."
)


class Sections(click.Group):
    """A group whose help lists its commands by section. It imports a command when it is asked for
    that one, so that each starts with what it needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click names it
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"delivery.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command that is not there is named with the one whose name is nearest."""
        from difflib import get_close_matches

        near = get_close_matches(args[0], self.list_commands(ctx), n=1)
        if near and near[0] != args[0] and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name, command.get_short_help_str(200))
                        for name, command in commands
                        if command
                    ]
                )


@click.group(cls=Sections, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Judge, release, promote, deploy and roll back models. `dvc repro` trains one."""


def main() -> int:
    """Run a command; returns its exit code."""
    return exit_code(cli)


if __name__ == "__main__":
    sys.exit(main())
