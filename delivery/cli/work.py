"""Commands that workflows call, and people may: check, pending, push, retrain, scan."""

from __future__ import annotations

from pathlib import Path

import click

from delivery.ci.annotations import scan_annotations
from delivery.cli import render
from delivery.cli.terminal import annotate, context, json_option, pull_line, show
from delivery.errors import HeldError, RefusedError


@click.command()
@json_option
def check(as_json: bool) -> None:
    """May HEAD change the environments and the records as it does? A preview; changes nothing."""
    from delivery.commands.check import check as run

    result = run(context())
    names = ", ".join(result.environments) or "no environment"
    show(result, as_json, f"{names} changed, as delivery proposed")


@click.command()
@json_option
def pending(as_json: bool) -> None:
    """The environments that `delivery deploy` has something left to do for."""
    from delivery.commands.pending import pending as run

    names = run(context())
    show(names, as_json, ", ".join(names) or "nothing is left to do")


@click.command()
@json_option
def push(as_json: bool) -> None:
    """Put the bytes that dvc.lock names into the store."""
    from delivery.commands.push import push as run

    place = run(context())
    show({"store": place}, as_json, f"{place} holds everything that dvc.lock names")


@click.command()
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="As in params.yaml.")
@click.option("--pack", type=click.Path(path_type=Path), help="Lay the result out; do not propose.")
@click.option("--from", "folder", type=click.Path(path_type=Path), help="Propose what was packed.")
@click.option("--onto", default="", metavar="BRANCH", help="Commit to a branch; no pull request.")
@click.option("--ask", default="", metavar="BRANCH", help="Let a job on main train a branch.")
@json_option
def retrain(
    settings: tuple[str, ...],
    pack: Path | None,
    folder: Path | None,
    onto: str,
    ask: str,
    as_json: bool,
) -> None:
    """Run the pipeline on the data of now and propose the result as one pull request."""
    from delivery.commands.retrain import ask_for, pack_to, propose_from, train

    here = context()
    if ask:
        ask_for(here, ask)
        show({"asked": ask}, as_json, f"asked for a run of train.yml about {ask}")
        return
    packed = folder or pack or here.workspace / "packed"
    if folder is None:
        train(here, settings)
        result = pack_to(here, packed)
    if pack is None:
        result = propose_from(here, packed, onto=onto)
    if result.packed:
        show(result, as_json, f"what was trained lies in {result.packed}")
    elif result.unchanged:
        show(result, as_json, "nothing new: the same model from the same data")
    else:
        done = f"committed to {onto}" if onto else pull_line(result.pull)
        show(result, as_json, done)


@click.command()
@click.option("--sarif", type=click.Path(path_type=Path), help="Write the findings as SARIF.")
@json_option
def scan(sarif: Path | None, as_json: bool) -> None:
    """Look for weaknesses in code, secrets, dependencies, workflows and infra."""
    from delivery.commands.scan import scan as run

    here = context()
    scans = run(here, report=sarif)
    show(scans, as_json, render.scan_table(scans), *render.finding_lines(scans))
    annotate(here, scan_annotations(scans))
    failed = [found.scanner for found in scans if found.status == "fail"]
    held = [f"{found.scanner} ({found.why})" for found in scans if found.status == "hold"]
    if failed:
        raise RefusedError(f"found something to mend: {', '.join(failed)}")
    if held:
        raise HeldError(f"could not look: {', '.join(held)}")
