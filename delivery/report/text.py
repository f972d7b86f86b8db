"""A judgement as Markdown for pull requests, and the words that all reports share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from delivery.forge.protocol import LONGEST
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict, blocking
from delivery.report.cells import cell
from delivery.report.inputs import input_lines

GROUP_SHARES = {
    "positive": "truly positive",
    "flagged": "flagged",
    "recall": "recall",
    "false_positive": "false positives",
}
OVERRIDDEN = "overridden"
MARKS = {
    "pass": "✅ pass", "fail": "❌ fail", "hold": "✋ hold", "not checked": "❔ not checked",
}  # fmt: skip


def outcome(verdicts: Iterable[Verdict]) -> str:
    """passes, refused or held: what all verdicts together mean."""
    blocked = blocking(verdicts)
    if not blocked:
        return "passes"
    return "refused" if any(verdict.status == "fail" for verdict in blocked) else "held"


def sentence(verdicts: Iterable[Verdict]) -> str:
    """What a reader decides on: the outcome, what blocks, and what nobody looked at."""
    verdicts = tuple(verdicts)
    blocked = blocking(verdicts)
    words = {"passes": "It passes", "refused": "It is refused", "held": "It is held"}
    clauses = [words[outcome(verdicts)] + (f" by {_names(blocked)}" if blocked else "")]
    for state, named in (
        ("overridden", [v for v in verdicts if v.override]),
        ("not checked", [v for v in verdicts if v.status == "not checked"]),
    ):
        if named:
            clauses.append(f"{state}: {_names(named)}")
    passed = sum(verdict.status == "pass" for verdict in verdicts)
    return f"{'; '.join(clauses)}. {passed} of {len(verdicts)} gates pass."


def _names(verdicts: Iterable[Verdict]) -> str:
    return ", ".join(verdict.gate for verdict in verdicts)


def subject_line(evidence: Mapping[str, Any]) -> str:
    """The model's name, the day, the branch and the commit; of an older report, what it has."""
    subject = evidence.get("subject", {})
    commit = f"commit {subject['commit'][:12]}" if subject.get("commit") else ""
    branch = f"branch {subject['branch']}" if subject.get("branch") else ""
    parts = (subject.get("name"), subject.get("date"), branch, commit)
    return " · ".join(part for part in parts if part)


def reference_name(judgement: Judgement) -> str:
    """Whom the candidate is compared with, for people."""
    if "url" in judgement.evidence["judged"]:
        before = judgement.champion
        return f"{before}, which ran before" if before else "nothing: no release ran before"
    return f"champion {judgement.champion}" if judgement.champion else "dummy baseline"


def mark(verdict: Verdict) -> str:
    """The verdict in one or two words, with its sign."""
    return f"⚠️ {verdict.status}, {OVERRIDDEN}" if verdict.override else MARKS[verdict.status]


def because(verdict: Verdict) -> str:
    """Why, and for an override the reason that was given."""
    return f"{verdict.why}. Override: {verdict.override}" if verdict.override else verdict.why


def markdown(judgement: Judgement) -> str:
    """The report as Markdown. Where a comment could not take it, the slices give way first; what
    is still too long the forge cuts."""
    evidence = judgement.evidence
    head = [
        f"## {judgement.candidate} {outcome(judgement.verdicts)}",
        "",
        *([cell(subject_line(evidence)), ""] if subject_line(evidence) else []),
        sentence(judgement.verdicts),
        "",
        f"Compared with {reference_name(judgement)}{_rows(evidence['judged'])}.",
        "",
        *_grid(
            ("gate", "verdict", "measured", "required", "why"),
            [
                (v.gate, mark(v), v.measured, v.required, because(v)[:1_500])
                for v in judgement.verdicts
            ],
        ),
    ]
    metrics = _metrics(evidence, judgement)
    slices = _slices(evidence)
    rest = [
        *_classes(evidence),
        *_inputs(evidence),
        *_groups(evidence),
        *_card(evidence),
        *_hashes(evidence["judged"]),
    ]
    while slices and sum(len(line) + 1 for line in (*head, *metrics, *slices, *rest)) > LONGEST:
        slices = _shorter(slices)
    return "\n".join([*head, *metrics, *slices, *rest]) + "\n"


def _shorter(slices: list[str]) -> list[str]:
    """Half the rows, and a line that says so; nothing once there is no row left to drop."""
    table, end = slices[:-2], slices[-2:]
    kept = 5 + (len(table) - 5) // 2
    return [*table[:kept], "| … | | | | | | |", *end] if kept > 8 else []


def named(name: Any) -> str:
    """What to show of a value of the data: an empty text is one too."""
    return str(name) if str(name).strip() else "(empty)"


def percent(number: float | None) -> str:
    """A share for people."""
    return "–" if number is None else f"{number:.1%}"


def _rows(judged: Mapping[str, Any]) -> str:
    if not judged.get("rows"):
        return ""
    period = f", {judged['first'][:10]} to {judged['last'][:10]}" if judged.get("first") else ""
    return f" on the same {judged['rows']:,} holdout rows{period}"


def _metrics(evidence: Mapping[str, Any], judgement: Judgement) -> list[str]:
    if not evidence.get("metrics"):
        return []
    rows = [
        (row["name"], value(row["candidate"]), value(row["reference"]), change(row))
        for row in evidence["metrics"]
    ]
    names = ("metric", "candidate", reference_name(judgement), "difference")
    return ["", "### On the same rows", "", *_grid(names, rows)]


def _slices(evidence: Mapping[str, Any]) -> list[str]:
    if not evidence.get("slices"):
        return []
    rows = [
        (
            f"{part['segment']} = {named(part['value'])}",
            f"{part['rows']:,}",
            value(part["candidate"]),
            value(part["reference"]),
            f"{part['difference']:+.4f}",
            span(part),
            "**harmed**" if part["harmed"] else ("" if part["p"] is not None else "too small"),
        )
        for part in evidence["slices"]
    ]
    names = ("slice", "rows", "candidate", "reference", "difference", "90% interval", "judged")
    title = f"<details><summary>Slices ({evidence['primary']})</summary>"
    return ["", title, "", *_grid(names, rows), "", "</details>"]


def _inputs(evidence: Mapping[str, Any]) -> list[str]:
    lines = input_lines(evidence)
    if not lines:
        return []
    rows = [
        (f"`{line.name}`", value(line.candidate), value(line.reference), value(line.psi))
        for line in lines
    ]
    names = ("input", "candidate leans on it", f"{evidence['reference']} does", "moved (PSI)")
    title = "<details><summary>Inputs</summary>"
    return ["", title, "", *_grid(names, rows), "", "</details>"]


def _groups(evidence: Mapping[str, Any]) -> list[str]:
    if not evidence.get("groups"):
        return []
    rows = [
        (f"{group['segment']} = {named(group['value'])}", f"{group['rows']:,}",
         *(percent(group[name]) for name in GROUP_SHARES))
        for group in evidence["groups"]
    ]  # fmt: skip
    names = ("group", "rows", *GROUP_SHARES.values())
    title = "<details><summary>The candidate's decisions by group</summary>"
    return ["", title, "", *_grid(names, rows), "", "</details>"]


def _classes(evidence: Mapping[str, Any]) -> list[str]:
    if not evidence.get("classes"):
        return []
    rows = [
        (named(group["name"]), f"{group['rows']:,}",
         *(percent(group[side][figure]) for figure in ("precision", "recall")
           for side in ("candidate", "reference")))
        for group in evidence["classes"]
    ]  # fmt: skip
    other = evidence["reference"]
    names = ("class", "rows", "precision", f"{other}'s", "recall", f"{other}'s")
    confusion = evidence["confusion"]
    counts = [
        (named(name), *(f"{count:,}" for count in row))
        for name, row in zip(confusion["names"], confusion["rows"], strict=True)
    ]
    title = "<details><summary>Classes, and what the candidate takes them for</summary>"
    columns = ("true, by predicted", *map(named, confusion["names"]))
    return ["", title, "", *_grid(names, rows), "", *_grid(columns, counts), "", "</details>"]


def _card(evidence: Mapping[str, Any]) -> list[str]:
    """Fenced: what a pull request brings must not speak as the report does."""
    card = evidence.get("card")
    if not card:
        return []
    fence = "`" * 8
    body = card.replace(fence, "")
    title = "<details><summary>Model card</summary>"
    return ["", title, "", f"{fence}markdown", *body.splitlines(), fence, "", "</details>"]


def _hashes(judged: Mapping[str, Any]) -> list[str]:
    rows = [(name, f"`{sha256}`") for name, sha256 in judged.items() if sha256 is not None]
    title = "<details><summary>What was judged</summary>"
    return ["", title, "", *_grid(("", ""), rows), "", "</details>"]


def _grid(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [names, ["---"] * len(names), *rows]
    return ["| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines]


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def value(number: float | None) -> str:
    """A metric for people."""
    if number is None:
        return "–"
    text = f"{number:.4f}" if abs(number) < 100 else f"{number:,.1f}"
    return text.replace("-", "−")


def change(row: Mapping[str, Any]) -> str:
    """Candidate − reference with its sign."""
    if row["candidate"] is None or row["reference"] is None:
        return "–"
    difference = row["candidate"] - row["reference"]
    text = f"{difference:+.4f}" if abs(difference) < 100 else f"{difference:+,.1f}"
    return text.replace("-", "−")


def span(part: Mapping[str, Any]) -> str:
    """The interval of a slice for people."""
    if part["lower"] is None:
        return "–"
    return f"{part['lower']:+.4f} … {part['upper']:+.4f}".replace("-", "−")
