"""What an instance is told about the place where it runs: secrets, folders and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from serving.settings.collector import Collector, read_collector
from serving.settings.tls import Tls, read_tls
from serving.strict import DocumentError

ENVIRONMENT = "SERVING_ENVIRONMENT"
LOCAL = "local"
API_KEYS = "SERVING_API_KEYS"  # pragma: allowlist secret
LOG_FOLDER = "SERVING_LOG_FOLDER"
LOG_KEY = "SERVING_LOG_KEY"
DRAIN_SECONDS = "SERVING_DRAIN_SECONDS"
DRAIN = 5.0  # s: a router that probes every second or two has noticed by then


@dataclass(frozen=True, slots=True)
class Host:
    """`local` says that nobody but this machine reaches the instance. `log_folder` is where
    predictions are written, None for nowhere; `log_key` hides the sensitive ones among them.
    `drain_seconds` are those between SIGTERM and the end of new connections; `collector` is
    where spans are sent, None for nowhere."""

    local: bool = False
    api_keys: str = field(default="", repr=False)
    log_folder: Path | None = None
    log_key: str = field(default="", repr=False)
    tls: Tls | None = None
    drain_seconds: float = 0.0
    collector: Collector | None = None


NO_HOST = Host()


def read_host(environ: Mapping[str, str]) -> Host:
    """The place that the environment describes; DocumentError for half a pair of TLS files, a
    time that is none, or a collector that cannot be."""
    folder = environ.get(LOG_FOLDER)
    local = environ.get(ENVIRONMENT) == LOCAL
    return Host(
        local=local,
        api_keys=environ.get(API_KEYS, ""),
        log_folder=Path(folder) if folder else None,
        log_key=environ.get(LOG_KEY, ""),
        tls=read_tls(environ),
        drain_seconds=_seconds(environ.get(DRAIN_SECONDS), default=0.0 if local else DRAIN),
        collector=read_collector(environ),
    )


def _seconds(text: str | None, *, default: float) -> float:
    """On one's own machine nobody routes by readiness, so there is nothing to wait for."""
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 600:
        raise DocumentError(f"{DRAIN_SECONDS}={text[:40]!r}: expected 0 to 600 seconds")
    return seconds
