"""Where spans are sent: OpenTelemetry's own variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from serving.strict import DocumentError

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
NAME = "OTEL_SERVICE_NAME"
SHARE = "OTEL_TRACES_SAMPLER_ARG"


@dataclass(frozen=True, slots=True)
class Collector:
    """Where spans go: a URL, headers that may hold a secret, what this service is called, and the
    share of the traces that begin here."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    name: str = "online"
    share: float = 1.0


def read_collector(environ: Mapping[str, str]) -> Collector | None:
    """The collector that the environment names, if any; DocumentError where that makes no sense."""
    url = environ.get(TRACES)
    if not url and (base := environ.get(ENDPOINT)):
        url = f"{base.rstrip('/')}/v1/traces"
    if not url:
        return None
    if urlsplit(url).scheme not in ("http", "https"):
        raise DocumentError(f"{ENDPOINT}={url[:80]!r}: expected a URL of OTLP over HTTP")
    try:
        share = float(environ.get(SHARE) or 1.0)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise DocumentError(f"{SHARE}={environ[SHARE][:40]!r}: expected a share from 0 to 1")
    pairs = (pair.partition("=") for pair in environ.get(HEADERS, "").split(",") if "=" in pair)
    headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    return Collector(url, headers, environ.get(NAME) or "online", share)
