"""A rollout as one self-contained HTML page: what happened when, the curves, the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from delivery.gates.verdict import Verdict
from delivery.report.svg import lines
from delivery.report.template import render

MINUTE = 60.0  # s
OUTCOMES = {"verified": "passes", "rejected": "refused", "revoked": "refused"}  # else: held
Curve = Sequence[tuple[float, float]]  # moments (s since 1970), or pairs so far, and values


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened `at` a moment (s since 1970), `by` somebody: the `kind` of its event,
    and in words what it says."""

    at: float
    kind: str
    says: str
    by: str


@dataclass(frozen=True, slots=True)
class Curves:
    """What clients and pairs have shown; a curve is empty where nothing was written down.

    `planned` and `met` are the candidate's share of the clients, in percent: by the steps, and by
    the router's records. `candidate` and `champion` are how many requests each answered so far,
    and `failed` how many percent of them failed. Over pairs: `changed` and `failing`, the shares of
    the rows so far whose answer changes and that the candidate fails, in percent.
    """

    planned: Curve = ()
    met: Curve = ()
    candidate: Curve = ()
    champion: Curve = ()
    failed: tuple[Curve, Curve] = ((), ())  # candidate, champion
    changed: Curve = ()
    failing: Curve = ()


@dataclass(frozen=True, slots=True)
class RolloutReport:
    """One attempt that rolled out, or does. `verdicts` are those on everything so far; none where
    what they go by is gone."""

    environment: str
    attempt: str
    candidate: str
    champion: str
    state: str
    why: str
    moments: Sequence[Moment]
    curves: Curves = field(default_factory=Curves)
    verdicts: Sequence[Verdict] = ()

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        return self.moments[-1].at - self.moments[0].at


def rollout_html(rollout: RolloutReport) -> str:
    """The page."""
    content = {
        "rollout": rollout,
        "outcome": OUTCOMES.get(rollout.state, "held"),
        "minutes": rollout.seconds / MINUTE,
        "moments": [(_time(moment.at), moment) for moment in rollout.moments],
        "plots": list(_plots(rollout)),
    }
    return render("rollout.html", content)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(sep=" ", timespec="seconds")[:19]


def _plots(rollout: RolloutReport) -> Sequence[dict[str, Any]]:
    """Title, one line on how to read it, and the drawing."""
    curves, begun = rollout.curves, rollout.moments[0].at
    drawings: list[dict[str, Any]] = []

    def add(title: str, how: str, unit: str, *series: tuple[str, Curve]) -> None:
        if any(points for _, points in series):
            shown = [(name, _minutes(points, begun)) for name, points in series]
            drawing: Markup = lines(title, shown, ("minutes", unit))
            drawings.append({"title": title, "how": how, "svg": drawing})

    add(
        "Share of the clients", "What the steps ask for (dotted), and what clients met.", "percent",
        ("ideal", curves.planned), ("candidate", curves.met),
    )  # fmt: skip
    add(
        "Requests", "Answered so far by the candidate, and by the champion (dashed).", "requests",
        ("reference", curves.champion), ("candidate", curves.candidate),
    )  # fmt: skip
    add(
        "Failures", "Of the candidate's requests so far, and the champion's (dashed).", "percent",
        ("reference", curves.failed[1]), ("candidate", curves.failed[0]),
    )  # fmt: skip
    if curves.changed:
        series = (("reference", curves.failing), ("candidate", curves.changed))
        title = "Pairs"
        how = "Of the rows so far: answers that change, and rows that the candidate fails (dashed)."
        drawing = lines(title, series, ("rows that both were asked", "percent"))
        drawings.append({"title": title, "how": how, "svg": drawing})
    return drawings


def _minutes(points: Curve, begun: float) -> Curve:
    return [((at - begun) / MINUTE, value) for at, value in points]
