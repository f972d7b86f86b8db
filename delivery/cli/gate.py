"""`delivery gate`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import (
    context,
    details_option,
    json_option,
    override_option,
    reason_option,
)
from delivery.cli.render import annotate, show


@click.command()
@override_option
@reason_option
@details_option
@json_option
def gate(overrides: tuple[str, ...], reason: str, details: bool, as_json: bool) -> None:
    """Judge HEAD against the champion in production. A preview; changes nothing."""
    from delivery.ci.annotations import gate_annotations
    from delivery.commands.gate import gate as run
    from delivery.judgement.proposed import require_pass
    from delivery.report import table
    from delivery.settings.overrides import parse_overrides

    here = context()
    result = run(here, parse_overrides(reason, overrides))
    annotate(here, gate_annotations(result.judged.judgement.verdicts))
    lines = [f"report: {result.judged.report}"]
    if result.pull:
        lines.append(f"the report is on pull request #{result.pull}")
    show(result, as_json, table(result.judged.judgement, details=details), *lines)
    require_pass(result.judged, f"candidate {result.release}", shown=not as_json)
