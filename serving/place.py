"""What an instance is told about the place where it runs: secrets, folders and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from serving.tls import Tls, read_tls

ENVIRONMENT = "SERVING_ENVIRONMENT"
LOCAL = "local"
API_KEYS = "SERVING_API_KEYS"  # pragma: allowlist secret
LOG_FOLDER = "SERVING_LOG_FOLDER"
LOG_KEY = "SERVING_LOG_KEY"


@dataclass(frozen=True, slots=True)
class Place:
    """`local` says that nobody but this machine reaches the instance. `log_folder` is where
    predictions are written, None for nowhere; `log_key` hides the sensitive ones among them."""

    local: bool = False
    api_keys: str = field(default="", repr=False)
    log_folder: Path | None = None
    log_key: str = field(default="", repr=False)
    tls: Tls | None = None


NOWHERE = Place()


def read_place(environ: Mapping[str, str]) -> Place:
    """The place that the environment describes; ContractError for half a pair of TLS files."""
    folder = environ.get(LOG_FOLDER)
    return Place(
        local=environ.get(ENVIRONMENT) == LOCAL,
        api_keys=environ.get(API_KEYS, ""),
        log_folder=Path(folder) if folder else None,
        log_key=environ.get(LOG_KEY, ""),
        tls=read_tls(environ),
    )
