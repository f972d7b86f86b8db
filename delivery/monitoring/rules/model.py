"""Rules about the model: where its scores lie, what its inputs are, and whether labels come.

Each window is compared with the four before it, never with training: on the flights the season
moves every weather column far from a training set of half a year, in each of its weeks. Inputs
explain and never alarm; values that are missing, unseen or outside of training do.
"""

from __future__ import annotations

from collections.abc import Iterator

from delivery.monitoring.exposition import COVERAGE, LOOKED
from delivery.monitoring.rules.expressions import PREDICTS, chance, counted, or_zero, psi, share
from delivery.monitoring.rules.rule import Alert, Group, Recording, Rule
from delivery.settings.monitoring import Labels, Monitoring

RELEASE = "environment, release"
FEATURE = "environment, release, feature"
BEFORE = 4  # windows that one is compared with
DAY = "1d"
FRESH = 2 * 86_400.0  # s: the monitor looks once a day
SCORES, INPUTS = "serving_score_bin_total", "serving_input_bin_total"
EXCESS = "environment_release:serving_scores_psi:excess"
WHERE = "{{ $labels.environment }}, {{ $labels.release }}"
SHARE = "{{ $value | humanizePercentage }}"


def groups(monitoring: Monitoring) -> tuple[Group, ...]:
    """In the order in which Prometheus evaluates them."""
    labels = monitoring.labels
    always = (
        Group("serving-scores", "10m", tuple(_scores(monitoring))),
        Group("serving-inputs", "10m", tuple(_inputs(monitoring))),
        Group("serving-quality", "5m", tuple(_quality(monitoring))),
    )
    with_labels = (
        (Group("serving-labels", "10m", tuple(_labels(monitoring, labels))),) if labels else ()
    )
    return (*always, *with_labels)


def _scores(monitoring: Monitoring) -> Iterator[Rule]:
    window = f"{monitoring.window_days}d"
    prefix = "environment_release:serving_score"
    yield from _windows("serving_scores", SCORES, RELEASE, monitoring.window_days)
    now, before = (
        "environment_release:serving_scores:now",
        "environment_release:serving_scores:before",
    )
    bins = f"count by ({RELEASE}) (environment_release_bin:serving_scores:before)"
    limit = chance(bins, now, before)
    yield Recording(f"{prefix}s_psi:limit", f"clamp_min({limit}, {monitoring.drift.psi:g})")
    rows = monitoring.drift.rows
    yield Recording(
        EXCESS,
        f"({prefix}s_psi:now - {prefix}s_psi:limit) and {now} >= {rows} and {before} >= {rows}",
    )
    yield Alert(
        "PredictionDrifts", f"{EXCESS} > 0 and ({EXCESS} offset {window}) > 0", "ticket",
        f"{WHERE}: for two windows of {window} its scores have lain elsewhere than in the four "
        "windows before: the index is {{ $value | humanize }} above its limit.",
    )  # fmt: skip


def _inputs(monitoring: Monitoring) -> Iterator[Rule]:
    yield from _windows("serving_inputs", INPUTS, FEATURE, monitoring.window_days)


def _windows(name: str, metric: str, by: str, days: int) -> Iterator[Recording]:
    """Counts by bin in this window and in the four before it, their sums, and the index of the
    two."""
    level = by.replace(", ", "_")
    window, long = f"{days}d", f"{BEFORE * days}d"
    sides = {
        "now": counted(metric, f"{by}, bin", window),
        "before": counted(metric, f"{by}, bin", long, offset=window),
    }
    for side, expression in sides.items():
        yield Recording(f"{level}_bin:{name}:{side}", expression)
        yield Recording(f"{level}:{name}:{side}", f"sum by ({by}) ({level}_bin:{name}:{side})")
    now, before = (
        share(f"{level}_bin:{name}:{side}", f"{level}:{name}:{side}", by) for side in sides
    )
    yield Recording(f"{level}:{name}_psi:now", psi(f"({now})", f"({before})", by))


def _quality(monitoring: Monitoring) -> Iterator[Rule]:
    quality, rows = monitoring.quality, monitoring.drift.rows
    requests = f'serving_requests_total{{route=~"{PREDICTS}"}}'
    refused = f'serving_requests_total{{route=~"{PREDICTS}",status="422"}}'
    there = counted(requests, "environment", DAY)
    a_week_ago = counted(requests, "environment", DAY, offset="7d")
    rejected = "environment:serving_rejected:ratio1d"
    yield Recording(rejected, f"{or_zero(counted(refused, 'environment', DAY), there)} / {there}")
    yield Alert(
        "RequestsAreRejected", f"{rejected} > {quality.rejected:g} and {there} >= {rows}", "ticket",
        f"{{{{ $labels.environment }}}}: the contract refuses {SHARE} of a day's predictions.",
    )  # fmt: skip
    yield Alert(
        "VolumeDrops",
        f"{or_zero(there, a_week_ago)} < {quality.volume:g} * {a_week_ago} "
        f"and {a_week_ago} >= {rows}",
        "ticket",
        "{{ $labels.environment }}: {{ $value | humanize }} predictions in a day, less than "
        f"{100 * quality.volume:g}% of the same weekday before.",
        lasts="1h",
    )
    values = f"environment_release_feature:serving_values:increase{DAY}"
    yield Recording(values, counted(INPUTS, FEATURE, DAY))
    enough = f"{values} >= {rows}"
    unseen = "environment_release_feature:serving_unseen:ratio1d"
    yield Recording(unseen, f"{_part('(unseen)', DAY)} / ({values} > 0)")
    yield Alert(
        "CategoriesAreUnseen", f"{unseen} > {quality.unseen:g} and {enough}", "ticket",
        f"{WHERE}: training had never seen {SHARE} of the values of {{{{ $labels.feature }}}}.",
    )  # fmt: skip
    yield from _rising("missing", "missing", quality.missing, enough, monitoring.window_days)
    yield from _rising(
        "outside",
        "outside of all that training saw",
        quality.outside,
        enough,
        monitoring.window_days,
    )


def _rising(name: str, words: str, limit: float, enough: str, days: int) -> Iterator[Rule]:
    """The share of a day's values, and how much more that is than at any time of the four windows
    before: some inputs are always missing on calm days."""
    parts = {
        "missing": _part("(missing)", DAY),
        "outside": counted("serving_input_outside_total", FEATURE, DAY),
    }
    whole = counted(INPUTS, FEATURE, DAY)
    now, rise = (
        f"environment_release_feature:serving_{name}:{kind}1d" for kind in ("ratio", "rise")
    )
    yield Recording(now, f"{parts[name]} / ({whole} > 0)")
    yield Recording(rise, f"{now} - max_over_time({now}[{BEFORE * days}d] offset {DAY})")
    yield Alert(
        f"{name.capitalize()}ValuesRise", f"{rise} > {limit:g} and {enough}", "ticket",
        f"{WHERE}: {SHARE} more of the values of {{{{ $labels.feature }}}} are {words} than "
        "ever in the four windows before.",
    )  # fmt: skip


def _labels(monitoring: Monitoring, labels: Labels) -> Iterator[Rule]:
    window = f"{monitoring.window_days}d"
    delay = f"{labels.delay_days}d" if labels.delay_days else ""
    answered = f'serving_requests_total{{route=~"{PREDICTS}",status="200"}}'
    requests = counted(answered, "environment", window, offset=delay)
    feedback = counted('serving_feedback_total{outcome="accepted"}', "environment", window)
    coverage = "environment:serving_labels:coverage"
    # `delivery monitor` has matched labels and requests, however the labels came.
    fresh = f"(time() - {LOOKED} < {FRESH:g})"
    matched = f"max by (environment) ({COVERAGE} and on (environment) {fresh})"
    yield Recording(coverage, f"{matched} or {or_zero(feedback, requests)} / ({requests} > 0)")
    yield Alert(
        "LabelsAreFewOrLate",
        f"{coverage} < {labels.coverage:g} and {requests} >= {monitoring.drift.rows}", "ticket",
        f"{{{{ $labels.environment }}}}: {SHARE} of the predictions have got a label after "
        f"{labels.delay_days} days; {100 * labels.coverage:g}% are expected.",
        lasts="6h",
    )  # fmt: skip


def _part(bin_: str, window: str) -> str:
    return counted(f'{INPUTS}{{bin="{bin_}"}}', FEATURE, window)
