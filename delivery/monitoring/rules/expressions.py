"""Pieces of PromQL that several rules share.

Whatever sums counters names them with `increase` or `rate` inside the sum: a counter that starts
anew with its process is mended before it is added up.
"""

from __future__ import annotations

# The routes that answer predictions, of every protocol.
PREDICTS = "/predict|/predictions/.+|/.*invocations|/.*/infer|/.*:predict"
TINY = 0.0001  # the share that an empty bin counts as
Z99 = 2.326  # the 99th percentile of a standard normal


def counted(metric: str, by: str, window: str, *, offset: str = "") -> str:
    """How much a counter has grown, by labels: `metric` may have selectors."""
    shift = f" offset {offset}" if offset else ""
    return f"sum by ({by}) (increase({metric}[{window}]{shift}))"


def or_zero(expression: str, there: str) -> str:
    """0 where the first has no series and the second has: an error that never came."""
    return f"({expression} or 0 * {there})"


def share(part: str, whole: str, by: str) -> str:
    """A part of a sum that has fewer labels, `by`."""
    return f"{part} / on ({by}) group_left () ({whole} > 0)"


def psi(now: str, before: str, by: str) -> str:
    """The population stability index of two series of shares by bin, over the bins."""
    one, two = f"clamp_min({now}, {TINY})", f"clamp_min({before}, {TINY})"
    return f"sum by ({by}) (({one} - {two}) * ln({one} / {two}))"


def chance(bins: str, now: str, before: str) -> str:
    """The index that chance alone passes once in a hundred windows: the 99th percentile of χ² with
    bins − 1 degrees of freedom, by Wilson and Hilferty, times (1/n + 1/m)."""
    free = f"({bins} - 1)"
    cube = f"(1 - 2 / (9 * {free}) + {Z99} * sqrt(2 / (9 * {free}))) ^ 3"
    return f"{free} * {cube} * (1 / {now} + 1 / {before})"
