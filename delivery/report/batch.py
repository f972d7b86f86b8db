"""A job of batch scoring for people: a page, and the summary of a workflow's job."""

from __future__ import annotations

from delivery.errors import DeliveryError
from delivery.gates.verdict import Verdict
from delivery.report.cells import cell
from delivery.report.template import render
from serving.batch.documents import ROWS, Manifest

SHOWN = 20  # reasons


def batch_html(
    manifest: Manifest,
    output: str,
    failure: DeliveryError | None,
    compared: Verdict | None = None,
) -> str:
    """One self-contained page: what came of it, how another release compares, why rows were
    refused, what moved, from where."""
    content = {
        "manifest": manifest,
        "output": output,
        "outcome": outcome(failure),
        "sentence": sentence(manifest, output, failure),
        "compared": compared,
        "reasons": list(manifest.reasons.items())[:SHOWN],
        "more": max(0, len(manifest.reasons) - SHOWN),
        "shifts": [*([manifest.score] if manifest.score else []), *manifest.inputs],
    }
    return render("batch.html", content)


def batch_markdown(manifest: Manifest, output: str, failure: DeliveryError | None) -> str:
    """The same in short."""
    totals = manifest.totals
    lines = [
        f"## Batch: {manifest.job.release} {outcome(failure)}",
        "",
        sentence(manifest, cell(output), failure),
        "",
        "| rows | scored | refused |",
        "|---|---|---|",
        f"| {totals.rows:,} | {totals.scored:,} | {totals.refused:,} |",
    ]
    moved = [shift for shift in manifest.inputs if shift.much]
    if manifest.score and manifest.score.much:
        moved.insert(0, manifest.score)
    if moved:
        lines += ["", "| column | moved (PSI) | missing | unseen |", "|---|---|---|---|"]
        lines += [
            f"| {cell(s.column)} | {s.psi:.3f} | {s.missing:.1%} | {s.unseen:.1%} |" for s in moved
        ]
    return "\n".join(lines) + "\n"


def outcome(failure: DeliveryError | None) -> str:
    """A word, as reports of judgements have it."""
    if failure is None:
        return "passes"
    return "held" if failure.exit_code == 4 else "refused"


def sentence(manifest: Manifest, output: str, failure: DeliveryError | None) -> str:
    """What came of it."""
    if failure is not None:
        return str(failure)
    few = manifest.totals.scored < ROWS
    warning = f" Fewer than {ROWS:,} rows say little about drift." if few else ""
    return f"Published in {output}.{warning}"
