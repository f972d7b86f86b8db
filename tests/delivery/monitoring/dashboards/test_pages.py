"""Every query of every panel, asked of a real Prometheus that has scraped real services."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from delivery.monitoring.dashboards.dashboard import Dashboard, Panel
from delivery.monitoring.dashboards.pages import dashboards
from delivery.settings.monitoring import Monitoring
from delivery.settings.policy import parse_settings
from tests.delivery.monitoring.observed import Prometheus, needs_prometheus, observed

SETTINGS = parse_settings(
    "environments: {a: {target: {kind: local, port: 7101}}}\n"
    "monitoring: {labels: {delay_days: 1}, drift: {rows: 100}}\n"
)
PAGES = dashboards(SETTINGS.monitoring)
PANELS = [(page, panel) for page in PAGES for panel in page.panels]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with observed(SETTINGS, tmp_path_factory) as found:
        yield found


def filled(query: str, environment: str = "production") -> str:
    """As Grafana fills it in."""
    return query.replace("$environment", environment).replace("$__rate_interval", "10s")


def empty(prometheus: Prometheus, panel: Panel) -> list[str]:
    """The queries of a panel that give nothing, or something that is no number."""
    return [
        query.expression
        for query in panel.queries
        if not (found := prometheus.ask(filled(query.expression)))
        or not all(math.isfinite(value) for _, value in found)
    ]


@needs_prometheus
@pytest.mark.parametrize(("page", "panel"), PANELS, ids=lambda each: each.title)
def test_a_panel_shows_something(prometheus: Prometheus, page: Dashboard, panel: Panel) -> None:
    assert empty(prometheus, panel) == []


@needs_prometheus
def test_a_metric_that_was_renamed_leaves_its_panels_empty(prometheus: Prometheus) -> None:
    """The control: without this, a panel without data would pass as well."""
    rows = next(panel for page, panel in PANELS if panel.title == "Rows")
    (scored, *_) = rows.queries
    renamed = scored.expression.replace("serving_rows_total", "serving_row_total")
    assert prometheus.ask(filled(scored.expression))
    assert not prometheus.ask(filled(renamed))


@needs_prometheus
def test_numbers_are_those_of_the_load(prometheus: Prometheus) -> None:
    """The first release gets three quarters of the requests, and a tenth of all is refused."""
    shares = next(panel for _, panel in PANELS if panel.title == "Share of the traffic")
    found = {
        labels["release"]: v for labels, v in prometheus.ask(filled(shares.queries[0].expression))
    }
    assert found["r-1"] == pytest.approx(0.75, abs=0.05)
    assert sum(found.values()) == pytest.approx(1)
    now = PAGES[3].panels[0]
    found = {labels["environment"]: v for labels, v in prometheus.ask(now.queries[0].expression)}
    assert found == {"production": 2, "staging": 1}


def test_every_query_names_the_environment_or_is_of_all() -> None:
    for page, panel in PANELS:
        for query in panel.queries:
            assert page.by_environment == ('environment="$environment"' in query.expression), query


def test_titles_are_unique_on_a_page_and_each_says_how_to_read_it() -> None:
    for page in PAGES:
        titles = [panel.title for panel in page.panels]
        assert len(set(titles)) == len(titles)
        assert all(panel.about.endswith(".") for panel in page.panels)


def test_without_labels_nobody_is_shown_a_coverage() -> None:
    (panel,) = [p for page in dashboards(Monitoring()) for p in page.panels if p.title == "Labels"]
    assert "coverage" not in panel.queries[0].expression
