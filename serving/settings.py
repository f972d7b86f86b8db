"""How BentoML runs the service."""

from __future__ import annotations

from typing import Any

# A request costs tens of microseconds; what BentoML adds around it by default costs ten times
# that. The service counts, times and documents its own routes.
BENTOML: dict[str, Any] = {
    "workers": 1,
    # Seconds for an answer. BentoML keeps a timer for as long, even for requests that were
    # answered at once: a minute of them at full load is 50 MB that the garbage collector walks.
    "traffic": {"timeout": 10},
    "metrics": {"enabled": False},
    "logging": {"access": {"enabled": False}},
    "tracing": {"excluded_urls": ["/predict"]},
}
