"""`delivery image`: options and output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import pull_line, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.image import ImageResult

MB = 1_000_000


@click.group()
def image() -> None:
    """Make the OCI image of a release, or of delivery itself, and vouch for it."""


@image.command()
@click.argument("release", metavar="RELEASE")
@click.option(
    "--base", required=True, metavar="NAME@sha256:…", help="What it stands on, by digest."
)
@click.option("--push", "push_to", default="", metavar="HOST/NAME", help="Give it to a registry.")
@json_option
def build(release: str, base: str, push_to: str, as_json: bool) -> None:
    """Build the image of a release, without an engine; the same anywhere."""
    from delivery.commands.image import build as run

    _show(run(context(), release, base, push_to=push_to), as_json)


@image.command()
@click.option(
    "--base", required=True, metavar="NAME@sha256:…", help="Python 3.11, git and sh, by digest."
)
@click.option("--push", "push_to", default="", metavar="HOST/NAME", help="Give it to a registry.")
@json_option
def command(base: str, push_to: str, as_json: bool) -> None:
    """Build the image that delivery runs from in a cluster, without an engine."""
    from delivery.commands.image import command as run

    _show(run(context(), base, push_to=push_to), as_json)


@image.command()
@click.argument("release", metavar="RELEASE")
@click.argument("name", metavar="NAME@sha256:…")
@click.option(
    "--base", required=True, metavar="NAME@sha256:…", help="What it stands on, by digest."
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What Trivy or Grype found in it, as JSON.",
)
@json_option
def sign(release: str, name: str, base: str, report: Path | None, as_json: bool) -> None:
    """Sign for an image of a release, once it was made again and is the same."""
    from delivery.commands.image import sign as run

    result = run(context(), release, name, base, report=report)
    nothing = "main has this signature already"
    show(
        result, as_json, f"image {result.image}: {result.verdict.measured}",
        f"vulnerabilities: {result.scanned.status}: {result.scanned.why}",
        pull_line(result.pull, nothing),
    )  # fmt: skip


@image.command()
@json_option
def wanted(as_json: bool) -> None:
    """List the images that environments want."""
    from delivery.commands.image import wanted as run

    result = run(context())
    lines = [(each.environment, each.release, each.image) for each in result]
    show(result, as_json, table(("environment", "release", "image"), lines))


@image.command()
@click.argument("name", metavar="NAME@sha256:…")
@click.option(
    "--report",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What Trivy or Grype finds in it today, as JSON.",
)
@json_option
def rescan(name: str, report: Path, as_json: bool) -> None:
    """Judge what became known about a signed image since."""
    from delivery.commands.image import rescan as run

    result = run(context(), name, report)
    show(result, as_json, f"{result.gate}: {result.status}: {result.why}")


def _show(result: ImageResult, as_json: bool) -> None:
    where = result.pushed or f"not pushed; it is in {result.layout}"
    show(result, as_json, sizes_table(result), f"image {result.digest}", where)


def sizes_table(result: ImageResult) -> Table:
    """What the bytes are."""
    lines = [(part, _mb(size), _mb(packed)) for part, size, packed in result.sizes]
    return table((result.release, "MB", "compressed"), lines)


def _mb(size: int) -> str:
    return f"{size / MB:.1f}"
