"""`delivery retrain`: options and output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import pull_line, show

if TYPE_CHECKING:
    from delivery.commands.retrain import RetrainResult


@click.command()
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="As in params.yaml.")
@click.option(
    "--pack", type=click.Path(path_type=Path), help="Write the result there; do not propose it."
)
@click.option(
    "--from", "folder", type=click.Path(path_type=Path), help="Propose what --pack wrote."
)
@click.option("--onto", default="", metavar="BRANCH", help="Commit to a branch; no pull request.")
@click.option(
    "--trained", default="", metavar="COMMIT", help="What the job of --pack had checked out."
)
@click.option("--ask", default="", metavar="BRANCH", help="Ask a job on main to train a branch.")
@click.option("--reason", default="", help="Why; the body of the pull request begins with it.")
@json_option
def retrain(
    settings: tuple[str, ...],
    pack: Path | None,
    folder: Path | None,
    onto: str,
    trained: str,
    ask: str,
    reason: str,
    as_json: bool,
) -> None:
    """Run the pipeline on today's data and propose the result as one pull request."""
    from delivery.commands.retrain import ask_for, pack_to, propose_from, train

    here = context()
    if ask:
        show(ask_for(here, ask), as_json, f"asked for a run of train.yml about {ask}")
        return
    packed = folder or pack or here.workspace / "packed"
    if folder is None:
        trained = here.repository.commit("HEAD")
        train(here, settings)
        result = pack_to(here, packed)
    if pack is None:
        result = propose_from(here, packed, onto=onto, trained=trained, reason=reason)
    show(result, as_json, _line(result, onto))


def _line(result: RetrainResult, onto: str) -> str:
    if result.packed:
        return f"what was trained lies in {result.packed}"
    if result.unchanged:
        return "nothing new: the same model from the same data"
    return f"committed to {onto}" if onto else pull_line(result.pull)
