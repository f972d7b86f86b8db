"""The file that Traefik reads, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery.targets.local.routing.configuration import (
    Plan,
    addresses_of,
    plan_of,
    version_of,
    weights_of,
)
from delivery.targets.state import StateFile


@dataclass(frozen=True, slots=True)
class RouteFile:
    """The dynamic configuration at `path`. JSON is YAML; Traefik reads no file called .json."""

    path: StateFile

    @property
    def readable(self) -> bool:
        """Is it there, and whole?"""
        return self._http() is not None

    def weights(self) -> Mapping[str, int]:
        """Release → percent; empty where the route is closed or the file cannot be read."""
        http = self._http()
        return weights_of(http) if http else {}

    def addresses(self) -> Mapping[str, str]:
        """Release → where its share is led; empty text where to nobody."""
        http = self._http()
        return addresses_of(http) if http else {}

    def plan(self) -> Plan | None:
        """How it divides or mirrors the traffic; None where it does neither."""
        http = self._http()
        return plan_of(http) if http else None

    def version(self) -> str:
        """What Traefik answers that keeps to it; empty if it does not say."""
        http = self._http()
        return version_of(http) if http else ""

    def _http(self) -> Mapping[str, Any] | None:
        """Its content; None if that is not a configuration."""
        try:
            http: Mapping[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))["http"]
            weights_of(http), addresses_of(http), version_of(http), plan_of(http)
            return http
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
