"""Where spans go, by OpenTelemetry's own variables."""

from __future__ import annotations

import pytest

from serving.settings.collector import Collector, read_collector
from serving.strict import DocumentError


def test_variables_that_make_no_sense_are_refused() -> None:
    assert read_collector({}) is None
    only = read_collector({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c.example/t"})
    assert only == Collector("https://c.example/t")
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    for wrong in (
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"},
        endpoint | {"OTEL_TRACES_SAMPLER_ARG": "half"},
        endpoint | {"OTEL_TRACES_SAMPLER_ARG": "1.5"},
    ):
        with pytest.raises(DocumentError, match="OTEL_"):
            read_collector(wrong)
