"""Plots as small SVG, drawn by hand: no script, no font, no external file.

Colours and sizes are classes of the page's style sheet, so plots follow light and dark. A plot
is 420 wide and scales with its box.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

WIDTH, HEIGHT = 420, 290
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 10, 40
BELOW = HEIGHT - BOTTOM + 16  # where the numbers of the x axis stand
SIDES = ("reference", "candidate")  # the candidate is drawn last, on top
Span = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """Data coordinates of one plot."""

    x: Span
    y: Span

    def px(self, value: float) -> float:
        share = (value - self.x[0]) / (self.x[1] - self.x[0])
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def py(self, value: float) -> float:
        share = (value - self.y[0]) / (self.y[1] - self.y[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def path(self, points: Sequence[tuple[float, float]], name: str) -> str:
        steps = " ".join(f"{self.px(x)},{self.py(y)}" for x, y in points)
        return f'<polyline class="line {name}" points="{steps}"/>'

    def axes(self, x_title: str, y_title: str, *, x_ticks: bool = True) -> str:
        """Grid lines with numbers, and the titles."""
        parts = []
        for value in ticks(self.y):
            at = self.py(value)
            parts.append(level("grid", at))
            parts.append(label("tick end", LEFT - 6, at + 4, number(value)))
        for value in ticks(self.x) if x_ticks else ():
            parts.append(label("tick middle", self.px(value), BELOW, number(value)))
        parts.append(label("title middle", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_title))
        middle = (TOP + HEIGHT - BOTTOM) / 2
        parts.append(
            f'<text class="title middle" transform="translate(11 {middle}) rotate(-90)">'
            f"{escape(y_title)}</text>"
        )
        return "".join(parts)


def label(kind: str, x: float, y: float, content: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(content)}</text>'


def level(kind: str, y: float) -> str:
    """A horizontal line through the whole plot."""
    return f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'


def ticks(span: Span, wanted: int = 5) -> list[float]:
    """Round numbers within `span`, about `wanted` of them."""
    size = (span[1] - span[0]) / wanted
    power = 10.0 ** math.floor(math.log10(size))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= size * 0.99)
    first = math.ceil(span[0] / step - 1e-9)
    last = math.floor(span[1] / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def number(value: float) -> str:
    """Short, with a real minus sign."""
    text = f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
    return "0" if text in ("-0", "0") else text.replace("-", "−")


def svg(title: str, *parts: str) -> Markup:
    return Markup(  # nosec B704 - the parts are made here, and text is escaped
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def lines(
    title: str,
    series: Iterable[tuple[str, Sequence[tuple[float, float]]]],
    axes: tuple[str, str],
    levels: Sequence[float] = (),
) -> Markup:
    """Lines by the names of their classes, from zero up or down; `levels` are limits."""
    series = [(name, points) for name, points in series if points]
    xs, ys = zip(*(point for _, points in series for point in points), strict=True)
    low, high = min(*ys, *levels, 0.0), max(*ys, *levels, 0.0)
    frame = Frame(
        (min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1),
        (low, high + 0.08 * (high - low or 1.0)),
    )
    drawn = [frame.path(points, name) for name, points in series]
    limits = [level("line limit", frame.py(value)) for value in levels]
    return svg(title, frame.axes(*axes), *limits, *drawn)


def roc(curves: Mapping[str, Sequence[Sequence[float]]]) -> Markup:
    """True against false positive rate."""
    frame = Frame((0, 1), (0, 1))
    lines = [frame.path([(x, y) for x, y in curves[name]], name) for name in SIDES]
    diagonal = frame.path([(0, 0), (1, 1)], "ideal")
    axes = frame.axes("false positive rate", "true positive rate")
    return svg("ROC curves of both models", axes, diagonal, *lines)


def calibration(bins: Mapping[str, Sequence[Mapping[str, float]]]) -> Markup:
    """What happened against what was predicted, ten bins of equal size."""
    points = {
        name: [(part["predicted"], part["observed"]) for part in bins[name]] for name in SIDES
    }
    values = [value for side in points.values() for pair in side for value in pair]
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:
        low, high = 0.0, min(1.0, high * 1.08)
    span = (low, high if high > low else low + 1)
    frame = Frame(span, span)
    dots = [
        f'<circle class="dot {name}" cx="{frame.px(x)}" cy="{frame.py(y)}" r="3.2"/>'
        for name in SIDES
        for x, y in points[name]
    ]
    lines = [frame.path(points[name], name) for name in SIDES]
    ideal = frame.path([(span[0], span[0]), (span[1], span[1])], "ideal")
    axes = frame.axes("predicted", "observed")
    return svg("calibration of both models", axes, ideal, *lines, *dots)


def histogram(scores: Mapping[str, Sequence[float]], x_title: str) -> Markup:
    """How scores are distributed: the reference filled, the candidate as a line on top."""
    edges = scores["edges"]
    total = max(1.0, float(sum(scores["candidate"])))
    shares = {name: [count / total for count in scores[name]] for name in SIDES}
    top = max(max(shares[name]) for name in SIDES)
    frame = Frame((edges[0], edges[-1]), (0, top * 1.08 or 1.0))
    bars = [
        f'<rect class="fill reference" x="{frame.px(edges[i])}" y="{frame.py(share)}" '
        f'width="{round(frame.px(edges[i + 1]) - frame.px(edges[i]), 1)}" '
        f'height="{round(frame.py(0) - frame.py(share), 1)}"/>'
        for i, share in enumerate(shares["reference"])
    ]
    outline = [(edges[0], 0.0)]
    for i, share in enumerate(shares["candidate"]):
        outline += [(edges[i], share), (edges[i + 1], share)]
    outline.append((edges[-1], 0.0))
    axes = frame.axes(x_title, "share of rows")
    return svg("distribution of scores", axes, *bars, frame.path(outline, "candidate"))


def clusters(points: Sequence[Mapping[str, Any]], column: str) -> Markup:
    """One bar per cluster: below zero the candidate is better."""
    values = [float(point["difference"]) for point in points]
    low, high = min(0.0, *values), max(0.0, *values)
    pad = (high - low) * 0.06 or 1.0
    frame = Frame((0, len(points)), (low - pad, high + pad))
    bars = []
    for i, value in enumerate(values):
        top, height = frame.py(max(value, 0)), abs(frame.py(value) - frame.py(0))
        name = "worse" if value > 0 else "better"
        width = max(1.0, round((frame.px(1) - frame.px(0)) * 0.78, 1))
        what = f"{escape(points[i]['cluster'])}: {value:+.4f}"
        bars.append(
            f'<rect class="fill {name}" x="{frame.px(i + 0.11)}" y="{top}" width="{width}" '
            f'height="{round(max(height, 0.5), 1)}"><title>{what}</title></rect>'
        )
    first = label("tick start", LEFT, BELOW, points[0]["cluster"])
    last = label("tick end", WIDTH - RIGHT, BELOW, points[-1]["cluster"])
    line = level("zero", frame.py(0))
    axes = frame.axes(column, "loss difference", x_ticks=False)
    return svg("loss difference by cluster", axes, *bars, line, first, last)


def interval(row: Mapping[str, Any], span: Span) -> Markup:
    """One row of a forest plot: point, interval and margin on a scale shared by all rows.

    Stretches with its box; strokes keep their width.
    """

    def at(value: float) -> float:
        share = (value - span[0]) / (span[1] - span[0])
        return round(min(max(share, 0), 1) * 300, 1)

    name = _side(row)
    parts = [f'<line class="zero" x1="{at(0)}" x2="{at(0)}" y1="0" y2="24"/>']
    if row.get("margin") is not None:
        edge = at(row["margin"])
        parts.append(f'<line class="margin" x1="{edge}" x2="{edge}" y1="0" y2="24"/>')
    if row["lower"] is not None:
        low, high = at(row["lower"]), at(row["upper"])
        parts.append(f'<line class="bar {name}" x1="{low}" x2="{high}" y1="12" y2="12"/>')
    middle = at(row["difference"])
    # A line without length and with round ends is a dot that stretching cannot distort.
    parts.append(f'<line class="point {name}" x1="{middle}" x2="{middle}" y1="12" y2="12"/>')
    box = 'class="forest" viewBox="0 0 300 24" preserveAspectRatio="none"'
    return Markup(f"<svg {box}>{''.join(parts)}</svg>")  # nosec B704 - made above


def _side(row: Mapping[str, Any]) -> str:
    """The colour of an interval: red for proven harm, or a whole that is proven worse."""
    if row["harmed"] or (not row["segment"] and row["lower"] > 0):
        return "worse"
    return "better" if row["upper"] is not None and row["upper"] < 0 else "neutral"
