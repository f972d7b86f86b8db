"""A dashboard is JSON that Grafana can place and fill."""

from __future__ import annotations

from delivery.monitoring.dashboards.dashboard import SOURCE, Dashboard, Panel, Query

WIDE = Panel("Wide", "How to read it.", "s", (Query("a", "{{x}}"), Query("b", "b")), width=16)
NARROW = Panel("Narrow", "", "short", (Query("c", "c"),), width=8)
TABLE = Panel("Table", "", "none", (Query("d", "d"),), kind="table", width=24)


def test_panels_fill_rows_and_never_overlap() -> None:
    panels = Dashboard("x", "X", (WIDE, NARROW, NARROW, WIDE, TABLE)).to_json()["panels"]
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert places == [(0, 0), (16, 0), (0, 8), (8, 8), (0, 16)]
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)
    assert [p["id"] for p in panels] == [1, 2, 3, 4, 5]


def test_a_panel_says_unit_source_and_how_to_read_it() -> None:
    panel = WIDE.to_json(1, 0, 0)
    assert panel["fieldConfig"]["defaults"]["unit"] == "s"
    assert panel["description"] == "How to read it."
    assert [target["refId"] for target in panel["targets"]] == ["A", "B"]
    assert {str(target["datasource"]) for target in panel["targets"]} == {str(SOURCE)}


def test_a_table_asks_for_the_newest_values_alone() -> None:
    (target,) = TABLE.to_json(1, 0, 0)["targets"]
    assert (target["instant"], target["range"], target["format"]) == (True, False, "table")
    (series,) = NARROW.to_json(1, 0, 0)["targets"]
    assert (series["instant"], series["range"]) == (False, True)


def test_a_person_chooses_source_and_environment() -> None:
    def variables(by_environment: bool) -> list[str]:
        made = Dashboard("x", "X", (), by_environment).to_json()
        return [each["name"] for each in made["templating"]["list"]]

    assert variables(True) == ["datasource", "environment"]
    assert variables(False) == ["datasource"]
