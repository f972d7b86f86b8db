"""Who may call the service, how much, and what is kept: the guarding part of the settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from serving.strict import Strict

Auth = Literal["none", "keys", "oidc", "both"]
# Probes carry no credentials, and the page is the same for every model.
OPEN = frozenset({"/", "/livez", "/readyz", "/healthz", "/ping", "/health"}) | frozenset(
    {"/v2/health/live", "/v2/health/ready"}
)


class OidcSettings(Strict):
    """Whose bearer tokens are accepted. `jwks_url` is looked up at the issuer when not given;
    `scopes_claim` holds what a token allows, as a list or separated by spaces."""

    issuer: str = Field(pattern=r"^https?://[^\s]+$")
    audience: str = Field(min_length=1)
    jwks_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    scopes_claim: str = "scope"

    @model_validator(mode="after")
    def _private(self) -> OidcSettings:
        for url in (self.issuer, self.jwks_url or self.issuer):
            host = url.partition("://")[2].partition("/")[0].partition(":")[0]
            if not url.startswith("https://") and host not in ("127.0.0.1", "localhost"):
                raise ValueError(f"{url}: keys are only fetched over https")
        return self


MOST_ROWS = 100_000  # what `rows` can be set to
TEXT_LENGTH = 10_000


class Limits(Strict):
    """What one request, and one client, may ask of one worker. `explain_rows` are those of a
    request to /explain, which costs more.

    `requests_per_second` is the long-run rate of a client and `burst` what it may spend at once;
    None is no limit. `seconds` is the time from the first byte to the end of the headers, and
    again from there to the answer. `header_bytes` are those of the address and all headers.

    A connection without a request is closed after `idle_seconds`. `connections` are those of a
    worker; a proxy that is trusted, or on the same machine, may have more than
    `connections_per_address`.
    """

    body_bytes: int = Field(default=8 * 1024 * 1024, ge=1)
    rows: int = Field(default=5_000, ge=1, le=MOST_ROWS)
    explain_rows: int = Field(default=100, ge=1, le=MOST_ROWS)
    text_length: int = Field(default=TEXT_LENGTH, ge=1)  # characters of one value
    header_bytes: int = Field(default=64 * 1024, ge=1024)
    headers: int = Field(default=100, ge=10)
    idle_seconds: float = Field(default=5.0, gt=0)
    connections: int = Field(default=10_000, ge=1)
    connections_per_address: int = Field(default=1_000, ge=1)
    seconds: float = Field(default=10.0, gt=0)
    requests_per_second: float | None = Field(default=None, gt=0)
    burst: int = Field(default=50, ge=1)


class LogSettings(Strict):
    """What is written down. Predictions and feedback need a folder, which the instance is told
    by SERVING_LOG_FOLDER; `requests` are lines of JSON on standard output.

    `share` of the requests is kept, chosen by a digest of their rows. A file that reaches
    `file_bytes` is put aside, and `files` of them are kept for each worker.
    """

    share: float = Field(default=1.0, ge=0, le=1)
    file_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    files: int = Field(default=8, ge=1)
    requests: bool = False


Provider = Literal["cuda", "openvino", "cpu"]


class Compute(Strict):
    """What graphs are computed with. Of `providers` those that are there are used, the first
    for all that it can do; with `required` each of them has to be there.

    `threads` are those of one request in one worker. One is the default: a row takes
    microseconds, in which threads would only wait for each other; more workers use more cores.
    """

    providers: tuple[Provider, ...] = Field(default=("cuda", "openvino", "cpu"), min_length=1)
    required: bool = False
    threads: int = Field(default=1, ge=1, le=256)


class Caching(Strict):
    """How many rows and scores a worker remembers; 0 is none. One takes about 2 kB."""

    entries: int = Field(default=0, ge=0, le=1_000_000)


class Batching(Strict):
    """Joins concurrent requests. `max_rows` are scored at once; 0 joins nothing. A batch that is
    smaller waits `wait_ms` for others; at 0 only what is there already is joined."""

    max_rows: int = Field(default=0, ge=0, le=MOST_ROWS)
    wait_ms: float = Field(default=0.0, ge=0, le=1000)
