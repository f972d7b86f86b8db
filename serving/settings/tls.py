"""TLS by configuration: what BentoML is told about certificates.

TLS 1.2 and 1.3 alone, with forward secrecy and authenticated encryption. BentoML's own default
would negotiate CBC with SHA-1.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.strict import DocumentError

CERTIFICATE = "SERVING_TLS_CERTIFICATE"
KEY = "SERVING_TLS_KEY"
CLIENTS = "SERVING_TLS_CLIENT_CA"
# For TLS 1.2; those of TLS 1.3 are all of this kind. The lowest version is Python's, 1.2.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: the chain, its key, and whose clients are let in (None: any)."""

    certificate: Path
    key: Path
    clients: Path | None = None

    def check(self) -> None:
        """DocumentError if a server could not use these files."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key)
            if self.clients is not None:
                context.load_verify_locations(self.clients)
        except OSError as error:  # ssl.SSLError is one
            names = f"{CERTIFICATE}, {KEY}" + (f", {CLIENTS}" if self.clients else "")
            raise DocumentError(f"{names}: TLS cannot use these files: {error}") from error

    def options(self) -> dict[str, Any]:
        """The section `ssl` of BentoML's configuration."""
        options: dict[str, Any] = {
            "enabled": True,
            "certfile": str(self.certificate),
            "keyfile": str(self.key),
            "version": int(ssl.PROTOCOL_TLS_SERVER),
            "ciphers": CIPHERS,
        }
        if self.clients is not None:
            options |= {"ca_certs": str(self.clients), "cert_reqs": int(ssl.CERT_REQUIRED)}
        return options


def without_uvloop() -> None:
    """Leave this process asyncio's own event loop. uvloop goes on reading from a TLS connection
    that was closed until the client ends it, up to 30 s: an upload without end is not stopped."""
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # an import of it fails


def read_tls(environ: Mapping[str, str]) -> Tls | None:
    """The files that the environment names, None for plain HTTP; DocumentError for a half."""
    paths = {name: environ[name] for name in (CERTIFICATE, KEY, CLIENTS) if environ.get(name)}
    if not paths:
        return None
    if missing := [name for name in (CERTIFICATE, KEY) if name not in paths]:
        raise DocumentError(f"{missing[0]}: not set, although {', '.join(paths)} is")
    clients = paths.get(CLIENTS)
    return Tls(Path(paths[CERTIFICATE]), Path(paths[KEY]), Path(clients) if clients else None)
