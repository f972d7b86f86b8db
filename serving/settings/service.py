"""How the service runs: what the repository asks for, and what BentoML is told.

The section `serving:` of delivery.yaml travels as JSON in SERVING_SETTINGS to every instance.
The environment of an instance is read here and nowhere else.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from serving.settings.host import NO_HOST, Host, read_host
from serving.settings.policy import (
    Auth,
    Batching,
    Caching,
    Compute,
    Limits,
    LogSettings,
    OidcSettings,
)
from serving.settings.workers import Workers, count_workers
from serving.strict import DocumentError, Strict, parse

logger = logging.getLogger("serving")
VARIABLE = "SERVING_SETTINGS"
SAGEMAKER_PORT = 8080
GUARDING = ("auth", "oidc", "limits")  # never left out: a guard that does less is none

ProtocolName = Literal["native", "v2", "mlflow", "tensorflow", "torchserve", "sagemaker", "vertex"]

# A request costs tens of microseconds; what BentoML adds around it by default costs ten times
# that. The service counts, times, limits and documents its own routes.
BENTOML: dict[str, Any] = {
    "metrics": {"enabled": False},
    "logging": {"access": {"enabled": False}},
    "tracing": {"excluded_urls": ["/predict", "/explain", "/invocations", "/infer$", ":predict$"]},
}


class ServingSettings(Strict):
    """The section `serving:` of delivery.yaml. Every key has a default, so that a release can
    be started without it; a release that is older than a key leaves it out, and says so."""

    protocols: tuple[ProtocolName, ...] = Field(default=("native", "v2", "mlflow"))
    auth: Auth = "none"
    oidc: OidcSettings | None = None
    limits: Limits = Limits()
    log: LogSettings = LogSettings()
    compute: Compute = Compute()
    cache: Caching = Caching()
    batching: Batching = Batching()
    workers: Workers = 1

    @field_validator("protocols")
    @classmethod
    def _fits(cls, value: tuple[ProtocolName, ...]) -> tuple[ProtocolName, ...]:
        if "native" not in value:
            raise ValueError("native is needed: the gates judge a release by it")
        if len(set(value)) != len(value):
            raise ValueError("a protocol is named twice")
        return value

    @model_validator(mode="after")
    def _has_an_issuer(self) -> ServingSettings:
        if self.auth in ("oidc", "both") and self.oidc is None:
            raise ValueError(f"auth: {self.auth} needs oidc: {{issuer: …, audience: …}}")
        return self

    @model_validator(mode="after")
    def _counts_in_one_place(self) -> ServingSettings:
        if self.limits.requests_per_second is not None and self.workers != 1:
            raise ValueError(
                "limits.requests_per_second is counted by each worker, so a client would get more "
                "than it says: set workers: 1, run more instances, or limit at the router"
            )
        return self

    def to_environment(self) -> dict[str, str]:
        """What an instance is given. Only what differs from the defaults, so that a release
        from before a key can be started for as long as nobody uses that key."""
        chosen = self.model_dump(mode="json", exclude_defaults=True)
        return {VARIABLE: json.dumps(chosen)} if chosen else {}


@dataclass(frozen=True, slots=True)
class Start:
    """What one instance is started with. `release` is what it answers as; `port` and the routes
    of Vertex are what the platform asks for, None where it does not."""

    release: str
    settings: ServingSettings
    port: int | None = None
    vertex_predict: str | None = None
    vertex_health: str | None = None
    host: Host = NO_HOST

    @property
    def workers(self) -> int:
        """How many processes answer requests."""
        return count_workers(self.settings.workers)

    def bentoml(self) -> dict[str, Any]:
        """The arguments of `bentoml.service`. A port on its command line goes before this one."""
        # Our own limit answers first. BentoML keeps a timer for as long as this, even for
        # requests that were answered at once: a minute of them at full load is 50 MB that the
        # garbage collector walks.
        options = BENTOML | {"traffic": {"timeout": self.settings.limits.seconds + 1}}
        options["workers"] = self.workers
        if self.port:
            options["http"] = {"port": self.port}
        if self.host.tls:
            options["ssl"] = self.host.tls.options()
        return options


def read_start(environ: Mapping[str, str]) -> Start:
    """Read RELEASE_ID, SERVING_SETTINGS and, as the protocols that are on ask for it, the
    variables of Vertex AI (AIP_*). PORT is where serverless platforms want to be answered;
    serving.settings.host has the rest.

    Raises:
        SystemExit: with one line, if one of them is malformed.
    """
    release = environ.get("RELEASE_ID", "unreleased")
    try:
        settings = read_settings(environ.get(VARIABLE, "{}"))
        port = _port(environ, settings)
        host = read_host(environ)
        if "vertex" not in settings.protocols:
            return Start(release, settings, port, host=host)
        routes = [_route(environ, name) for name in ("AIP_PREDICT_ROUTE", "AIP_HEALTH_ROUTE")]
    except DocumentError as error:
        raise SystemExit(f"error: {error}") from None
    return Start(release, settings, port, routes[0], routes[1], host)


def _port(environ: Mapping[str, str], settings: ServingSettings) -> int | None:
    """The first that names one; SageMaker's is fixed."""
    names = ["PORT"] + ["AIP_HTTP_PORT"] * ("vertex" in settings.protocols)
    for name in names:
        if value := environ.get(name):
            if not (value.isdecimal() and 0 < int(value) < 65536):
                raise DocumentError(f"{name}={value[:40]!r}: expected a port")
            return int(value)
    return SAGEMAKER_PORT if "sagemaker" in settings.protocols else None


def _route(environ: Mapping[str, str], name: str) -> str | None:
    route = environ.get(name)
    if route and (not route.startswith("/") or set("{}?#") & set(route)):
        raise DocumentError(f"{name}={route[:80]!r}: expected a path such as /predict")
    return route or None


def read_settings(text: str) -> ServingSettings:
    """The settings in the JSON `text`. Keys that this release does not know are left out with
    a warning: a release that is older than a key must still be there to roll back to. Only
    what guards the service is never left out.

    Raises:
        DocumentError: it is not JSON, or a value is not allowed.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise DocumentError(f"{VARIABLE}: not JSON: {error}") from error
    try:
        return ServingSettings.model_validate(content)
    except ValidationError as error:
        for item in error.errors():
            if item["type"] == "extra_forbidden" and item["loc"][0] not in GUARDING:
                _drop(content, item["loc"])
                path = ".".join(map(str, item["loc"]))
                logger.warning("%s: this release does not know %s", VARIABLE, path)
    return parse(ServingSettings, content, source=VARIABLE)


def _drop(content: Any, path: tuple[int | str, ...]) -> None:
    for part in path[:-1]:
        content = content[part]
    del content[path[-1]]
