"""The dashboards: the service, the model, releases beside each other, and all environments."""

from __future__ import annotations

from delivery.monitoring.dashboards.dashboard import Dashboard, Panel, Query
from delivery.monitoring.rules.expressions import PREDICTS
from delivery.settings.monitoring import Monitoring

HERE = 'environment="$environment"'
ASKED = f'serving_requests_total{{{HERE},route=~"{PREDICTS}"}}'
TIMED = f'serving_request_seconds_bucket{{{HERE},route=~"{PREDICTS}"}}'
OBJECTIVE = "environment:serving_{}:ratio_rate{}{}"


def dashboards(monitoring: Monitoring) -> tuple[Dashboard, ...]:
    """All of them; each has a file of its own."""
    return (
        Dashboard("service", "Service", _service(monitoring)),
        Dashboard("model", "Model", _model(monitoring)),
        Dashboard("release", "Release", _release()),
        Dashboard("fleet", "Environments", _fleet(monitoring), by_environment=False),
    )


def _service(monitoring: Monitoring) -> tuple[Panel, ...]:
    promised = monitoring.objective
    budgets = {"errors": 1 - promised.availability, "slow": 1 - promised.fast}
    return (
        Panel(
            "Predictions", "Requests for predictions that were answered, by release.", "reqps",
            (Query(_rate(ASKED, "release"), "{{release}}"),),
        ),
        Panel(
            "Answers by status", "All routes. 4xx are the clients' faults, 5xx are ours.", "reqps",
            (Query(_rate(f"serving_requests_total{{{HERE}}}", "status"), "{{status}}"),),
        ),
        Panel(
            "Budget burnt", "1 spends the budget of 30 days in 30 days; 14.4 wakes somebody.",
            "short",
            tuple(
                Query(f"{OBJECTIVE.format(what, '1h', f'{{{HERE}}}')} / {budget:.6g}", what)
                for what, budget in budgets.items()
            ),
        ),
        Panel(
            "Latency of predictions", "Percentiles over all releases, from the first byte to the "
            "answer.", "s",
            tuple(
                Query(f"histogram_quantile({part}, {_rate(TIMED, 'le')})", f"{100 * part:g}%")
                for part in (0.5, 0.95, 0.99)
            ),
        ),
        Panel(
            "Broken promises", f"Errors, and answers after {promised.latency_ms:g} ms, as a share "
            "of the predictions of five minutes.", "percentunit",
            tuple(Query(OBJECTIVE.format(w, "5m", f"{{{HERE}}}"), w) for w in budgets),
        ),
        Panel(
            "Requests in flight", f"For each worker; above {monitoring.in_flight:g} it does not "
            "keep up.", "short",
            (Query(f"environment_release:serving_in_flight_per_worker:avg10m{{{HERE}}}",
                   "{{release}}"),
             Query(f"sum by (release) (serving_workers{{{HERE}}})", "workers of {{release}}")),
        ),
        Panel(
            "Rows", "Rows that were scored, and rows that were written to the prediction log or "
            "lost to it.", "rowsps",
            (
                Query(_rate(f"serving_rows_total{{{HERE}}}", "environment"), "scored"),
                Query(_rate(f"serving_logged_rows_total{{{HERE}}}", "environment"), "logged"),
                Query(_rate(f"serving_log_dropped_rows_total{{{HERE}}}", "environment"), "lost"),
            ),
        ),
        Panel(
            "Closed connections", "By the limit that closed them.", "short",
            (Query(_rate(f"serving_closed_connections_total{{{HERE}}}", "reason"), "{{reason}}"),),
        ),
        Panel(
            "Refused values", "Values that the contract does not allow, by field and reason.",
            "short",
            (Query(_rate(f"serving_rejected_rows_total{{{HERE}}}", "field, reason"),
                   "{{field}}: {{reason}}"),),
        ),
    )  # fmt: skip


def _model(monitoring: Monitoring) -> tuple[Panel, ...]:
    days = monitoring.window_days
    scores, feature = "environment_release:serving_scores", "environment_release_feature:serving"
    return (
        Panel(
            "Drift of the scores", f"A window of {days} days against the four before it, and the "
            "limit above which two windows running alarm.", "short",
            (
                Query(f"{scores}_psi:now{{{HERE}}}", "{{release}}"),
                Query(f"{scores}_psi:limit{{{HERE}}}", "limit of {{release}}"),
            ),
        ),
        Panel(
            "Where the scores lie", "Share of each bin of the scores, in this window.",
            "percentunit",
            (Query(f"environment_release_bin:serving_scores:now{{{HERE}}} "
                   f"/ on (environment, release) group_left () {scores}:now{{{HERE}}}",
                   "{{release}}: {{bin}}"),),
        ),
        Panel(
            "Inputs that moved", "The eight that moved most against the four windows before. They "
            "explain, and never alarm.", "short",
            (Query(f"topk(8, {feature}_inputs_psi:now{{{HERE}}})", "{{release}}: {{feature}}"),),
        ),
        Panel(
            "Missing values", "Share of a day's values, by input.", "percentunit",
            (Query(f"{feature}_missing:ratio1d{{{HERE}}}", "{{release}}: {{feature}}"),),
        ),
        Panel(
            "Unseen categories", "Share of a day's values that training had never seen.",
            "percentunit",
            (Query(f"{feature}_unseen:ratio1d{{{HERE}}}", "{{release}}: {{feature}}"),),
        ),
        Panel(
            "Outside of training", "Share of a day's values below or above all that training saw.",
            "percentunit",
            (Query(f"{feature}_outside:ratio1d{{{HERE}}}", "{{release}}: {{feature}}"),),
        ),
        Panel(
            "Refused predictions", "Share of a day's predictions that the contract refuses.",
            "percentunit",
            (Query(f"environment:serving_rejected:ratio1d{{{HERE}}}", "refused"),),
        ),
        _labels(monitoring),
        Panel(
            "Suspicious rows", "Rows far from training, or near another row of the same client.",
            "short",
            (Query(_rate(f"serving_suspicious_rows_total{{{HERE}}}", "signal"), "{{signal}}"),),
        ),
    )  # fmt: skip


def _labels(monitoring: Monitoring) -> Panel:
    feedback = Query(_rate(f"serving_feedback_total{{{HERE}}}", "outcome"), "{{outcome}}")
    if monitoring.labels is None:
        return Panel(
            "Labels", "What came by /feedback, by what became of it.", "short", (feedback,)
        )
    coverage = Query(f"environment:serving_labels:coverage{{{HERE}}}", "coverage")
    return Panel(
        "Labels", "Share of the predictions that have a label after "
        f"{monitoring.labels.delay_days} days; {monitoring.labels.coverage:g} is expected.",
        "percentunit", (coverage,),
    )  # fmt: skip


def _release() -> tuple[Panel, ...]:
    bad = f'serving_requests_total{{{HERE},route=~"refused|{PREDICTS}",status=~"5.."}}'
    requests = _rate(ASKED, "release")
    bins = f"sum by (release, bin) (increase(serving_score_bin_total{{{HERE}}}[1h]))"
    return (
        Panel(
            "Share of the traffic", "During a rollout the candidate's share rises.", "percentunit",
            (Query(f"{requests} / ignoring (release) group_left () {_rate(ASKED, '')}",
                   "{{release}}"),), width=12,
        ),
        Panel(
            "Errors", "Share of each release's predictions that were answered with 5xx.",
            "percentunit",
            (Query(f"({_rate(bad, 'release')} or 0 * {requests}) / {requests}", "{{release}}"),),
            width=12,
        ),
        Panel(
            "Latency", "The 95th percentile of each release.", "s",
            (Query(f"histogram_quantile(0.95, {_rate(TIMED, 'le, release')})", "{{release}}"),),
            width=12,
        ),
        Panel(
            "Scores", "Share of an hour's scores in each bin of the contract's histogram.",
            "percentunit",
            (Query(f"{bins} / ignoring (bin) group_left () sum by (release) ({bins})",
                   "{{release}}: {{bin}}"),), width=12,
        ),
    )  # fmt: skip


def _fleet(monitoring: Monitoring) -> tuple[Panel, ...]:
    asked = f'serving_requests_total{{route=~"{PREDICTS}"}}'
    timed = f'serving_request_seconds_bucket{{route=~"{PREDICTS}"}}'
    budget = 1 - monitoring.objective.availability
    up = 'sum by (environment) (up{job="serving"})'
    return (
        Panel(
            "Now", "Instances that answer, releases asked in half an hour, alerts that fire.",
            "none",
            (
                Query(up, "instances"),
                Query("count by (environment) (sum by (environment, release) "
                      f"(rate({asked}[30m])) > 0)", "releases"),
                Query(f'count by (environment) (ALERTS{{alertstate="firing"}}) or 0 * {up}',
                      "alerts"),
            ),
            kind="table", width=24,
        ),
        Panel(
            "Predictions", "Of each environment.", "reqps",
            (Query(_rate(asked, "environment"), "{{environment}}"),),
        ),
        Panel(
            "Budget burnt", "Errors of an hour; 1 spends the budget of 30 days in 30 days.",
            "short",
            (Query(f"{OBJECTIVE.format('errors', '1h', '')} / {budget:.6g}", "{{environment}}"),),
        ),
        Panel(
            "Latency", "The 95th percentile of each environment.", "s",
            (Query(f"histogram_quantile(0.95, {_rate(timed, 'le, environment')})",
                   "{{environment}}"),),
        ),
    )  # fmt: skip


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"
