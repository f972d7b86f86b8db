"""Ask a router how it is: through it, or it alone."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

import httpx

from delivery.bento.readiness import local_client
from delivery.targets.local.routing.configuration import (
    HOLDER,
    PROBE,
    PULSE,
    THROUGH,
    VERSION,
)

ASK = 2.0  # s
PATIENT = 3.0  # s: before it is ended, a busy one gets longer
POLL = 0.02  # s


@dataclass(frozen=True, slots=True)
class Probe:
    """The router at `url`."""

    url: str

    def through(self, client: httpx.Client) -> httpx.Response:
        """The answer of a release, and by which version of the route."""
        return client.get(f"{self.url}/release", headers={PROBE: THROUGH})

    def release(self) -> str:
        """The release that answers, or the champion of a divided route; empty if none does."""
        with local_client() as client, suppress(httpx.TransportError, ValueError, KeyError):
            headers = {PROBE: THROUGH}
            answer = client.get(f"{self.url}/release", headers=headers, timeout=ASK)
            if HOLDER in answer.headers:
                return str(answer.headers[HOLDER])
            if answer.status_code == httpx.codes.OK:
                return str(answer.json()["release"])
        return ""

    def hangs(self) -> bool:
        """Does it take a connection and answer nothing, even where no release is asked?"""
        try:
            self._pulse(PATIENT)
        except httpx.TimeoutException:
            return True
        except httpx.TransportError:
            return False
        return False

    def disobedience(self, version: str) -> str:
        """How it does not keep to `version` of its file, as the rest of a sentence; empty if it
        does. A version that is empty asks for any answer."""
        deadline = time.monotonic() + ASK
        while True:
            try:
                met = self._pulse(ASK)
            except httpx.TransportError:
                return f"does not answer within {ASK:g} s"
            if version in ("", met):
                return ""
            if time.monotonic() > deadline:  # one that was told this moment needs a few more
                return "keeps to another route than its file has"
            time.sleep(POLL)

    def _pulse(self, timeout: float) -> str:
        """The version that Traefik itself answers by."""
        with local_client() as client:
            headers = {PROBE: PULSE}
            answer = client.get(f"{self.url}/release", headers=headers, timeout=timeout)
        return str(answer.headers.get(VERSION, ""))

    @staticmethod
    def fits(answer: httpx.Response, version: str, releases: set[str]) -> bool:
        """Is it by `version`, from one of `releases`, or 503 where there is none?"""
        if answer.headers.get(VERSION) != version:
            return False
        if not releases:
            return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        try:
            return answer.status_code == httpx.codes.OK and answer.json()["release"] in releases
        except (ValueError, KeyError, TypeError):
            return False
