"""What an instance says about itself, and what it should say."""

from __future__ import annotations

import httpx

from delivery.bento.digest import file_hashes
from delivery.evidence.live import Live
from delivery.gates.service.smoke import Evidence

TIMEOUT = 10.0  # s


def observe(live: Live) -> Evidence:
    """The answer of /release."""
    live.progress(f"asking {live.bento.id} at {live.url} who it is")
    release, files = live.bento.id, file_hashes(live.bento.model)
    try:
        answer = httpx.get(f"{live.url}/release", timeout=TIMEOUT, trust_env=False)
        answer.raise_for_status()
        content = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return Evidence(release, files, None, f"{live.url}/release: {error!r}")
    return Evidence(release, files, content if isinstance(content, dict) else None)
